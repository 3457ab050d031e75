import assert from 'node:assert/strict';
import { parseClientHello } from '../../../agent/wire/tls.ts';
import { firstMessage, HELLO_CAP_BYTES } from '../../../agent/wire/tls-records.ts';
import { inRecords, message } from '../../unit/agent/wire/hello-bytes.ts';
import { changeExtensions, changeRecords } from '../harness/mutate-hello.ts';
import { assertEqual, assertSettlesOnce, cutsOf, sizeOf } from '../harness/prefixes.ts';
import { hashOf } from '../harness/random.ts';
import { fixtures } from '../harness/seeds.ts';
import type { Target } from '../harness/target.ts';

export const clientHello: Target = {
  name: 'client-hello',
  invariant:
    'Any bytes are read without throwing, settle once over their prefixes within the cap, and a message means the same ' +
    'in whatever records it came.',
  seeds: () => fixtures('client-hello'),
  mutators: [changeExtensions, changeExtensions, changeRecords],
  tokens: [
    '\x16\x03\x01',
    '\x00\x00',
    '\xfe\x0d',
    '\x0a\x0a',
    'a.test',
    'xn--',
    '198.18.0.1',
    '\x00\x10',
    '\x80\x2e\x01\x03\x01',
  ],
  check(input, thorough) {
    const cuts = cutsOf(input, thorough);
    const hello = assertSettlesOnce(input, cuts, parseClientHello, (result) => result.kind === 'more');
    const first = firstMessage(input);
    if (first.kind !== 'message') {
      assert.equal(hello.kind, first.kind);
      return [`${hello.kind} of ${sizeOf(input.length)}`];
    }
    assert.ok(first.body.length <= HELLO_CAP_BYTES);
    assert.ok(hello.kind === 'hello' || hello.kind === 'malformed', hello.kind);
    const whole = message(1, first.body);
    for (const size of [16_384, 1 + (hashOf(input) % 64)])
      assertEqual(parseClientHello(inRecords(whole, size)), hello, `in records of ${size}`);
    if (hello.kind === 'malformed') return [`malformed message of ${sizeOf(first.body.length)}`];
    const { serverName, alpn, ech } = hello;
    return [`name of ${sizeOf(serverName?.length ?? 0)}`, `${alpn.length} protocols`, `ech ${ech}`];
  },
};
