import { deepEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { locate } from '../../../../agent/accept/locate.ts';
import { endpoint } from '../../../support/access-record.ts';

type Row = readonly [says: string, original: string, peer: string, local: string, want: string];

const rows: readonly Row[] = [
  ['a redirected connection', '203.0.113.1 80', '198.18.0.2 40000', '127.0.0.1 15001', '203.0.113.1 80'],
  ['one over IPv6', '2001:db8::1 443', '2001:db8::2 40000', '::1 15001', '2001:db8::1 443'],
  [
    "another pod's port of the same number",
    '198.18.0.9 15001',
    '198.18.0.2 40000',
    '127.0.0.1 15001',
    '198.18.0.9 15001',
  ],
  ["the pod's own address, other port", '198.18.0.2 80', '198.18.0.2 40000', '127.0.0.1 15001', '198.18.0.2 80'],
  ['dialled at the listener', '127.0.0.1 15001', '127.0.0.1 40000', '127.0.0.1 15001', 'not-redirected'],
  ['dialled at the listener over IPv6', '::1 15001', '::1 40000', '::1 15001', 'not-redirected'],
  ['anything to loopback', '127.8.8.8 80', '127.0.0.1 40000', '127.0.0.1 15001', 'not-redirected'],
  ["dialled at the pod's own address", '198.18.0.2 15001', '198.18.0.2 40000', '127.0.0.1 15001', 'not-redirected'],
];

for (const [says, original, peer, local, want] of rows) {
  test(`${says}: ${want}`, () => {
    const found = locate({ original: at(original), peer: at(peer), local: at(local) });
    deepEqual(found, want.includes(' ') ? { ok: true, destination: at(want) } : { ok: false, code: want });
  });
}

test('an original destination that the kernel cannot tell is never guessed', () => {
  for (const original of ['ENOENT', 'EOPNOTSUPP', 'ENOPROTOOPT']) {
    const found = locate({ original, peer: at('198.18.0.2 40000'), local: at('127.0.0.1 15001') });
    deepEqual(found, { ok: false, code: 'no-original-destination' });
  }
});

function at(text: string) {
  const [ip = '', port] = text.split(' ');
  return endpoint(ip, Number(port));
}
