import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import type { z } from 'zod';
import { isTcp, PORT_NAME, PROTOCOL, podPort, withoutNulls } from '../../../../../agent/dialects/core/port-fields.ts';

function messageOf(schema: z.ZodType, value: unknown): string | undefined {
  return schema.safeParse(value).error?.issues[0]?.message;
}

test('TCP is what says so, or nothing', () => {
  deepEqual([{}, { protocol: null }, { protocol: 'TCP' as const }].map(isTcp), [true, true, true]);
  deepEqual([{ protocol: 'UDP' as const }, { protocol: 'SCTP' as const }].map(isTcp), [false, false]);
});

test('protocols and names of ports', () => {
  for (const good of ['TCP', 'UDP', 'SCTP', null, undefined]) equal(messageOf(PROTOCOL, good), undefined);
  equal(messageOf(PROTOCOL, 'tcp'), 'expected TCP, UDP or SCTP, found the text "tcp"; did you mean "TCP"?');
  for (const good of ['', 'http', 'http-2', null, undefined]) equal(messageOf(PORT_NAME, good), undefined);
  equal(
    messageOf(PORT_NAME, 'a b'),
    'expected the name of a port: lower-case letters, digits and "-", found the text "a b"',
  );
});

test('a port of the pods: a number, or a name that only they know', () => {
  const schema = podPort('the port');
  deepEqual(schema.parse(8080), { number: 8080 });
  deepEqual(schema.parse('http'), { number: undefined });
  const expected = 'expected the port (a number from 1 to 65535, or the name that the pods give it), found';
  for (const [bad, found] of [
    [0, 'the number 0'],
    [65_536, 'the number 65536'],
    [1.5, 'the number 1.5'],
    ['80', 'the text "80"'],
    ['', 'the text ""'],
    ['Http', 'the text "Http"'],
    [true, 'the boolean true'],
    [[80], 'a list of 1'],
  ] as const) {
    equal(messageOf(schema, bad), `${expected} ${found}`);
  }
});

test('null goes, everything else stays', () => {
  deepEqual(withoutNulls({ a: null, b: 0, c: '', d: [null], e: { f: null } }), {
    b: 0,
    c: '',
    d: [null],
    e: { f: null },
  });
  deepEqual([withoutNulls(null), withoutNulls([null]), withoutNulls('a')], [null, [null], 'a']);
});
