import assert from 'node:assert/strict';
import { type Sniffed, sniff, sniffRequest } from '../../../agent/sniff/sniff.ts';
import type { RequestProgress } from '../../../agent/wire/http1-request.ts';
import { HTTP_MUTATORS, HTTP_TOKENS } from '../harness/http-words.ts';
import { changeExtensions, changeRecords } from '../harness/mutate-hello.ts';
import { assertEqual, assertSettlesOnce, cutsOf } from '../harness/prefixes.ts';
import { fixtures, texts } from '../harness/seeds.ts';
import type { Target } from '../harness/target.ts';

export const firstBytes: Target = {
  name: 'first-bytes',
  invariant:
    'Whatever a flow begins with settles once over its prefixes, in whatever pieces it came; at the end there is always ' +
    'an answer, which is the settled one if there was one; behind a request nothing but a request is let pass.',
  seeds: () => [
    ...fixtures('http-request'),
    ...fixtures('client-hello'),
    ...texts(
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
      'SSH-2.0-OpenSSH_9.2\r\n',
      '*1\r\n$4\r\nPING\r\n',
      'GET key\r\n',
      '\x80\x2e\x01\x03\x01',
    ),
  ],
  mutators: [...HTTP_MUTATORS, changeExtensions, changeRecords],
  tokens: [...HTTP_TOKENS, '\x16\x03\x01', '\x15\x03\x03\x00\x02\x01\x00', '\x80\x2e\x01\x03\x01'],
  check(input, thorough) {
    const cuts = cutsOf(input, thorough);
    const shown: string[] = [];
    for (const look of [sniff, sniffRequest]) {
      const settled = assertSettlesOnce(
        input,
        cuts,
        (bytes) => look(bytes, false),
        ({ kind }) => kind === 'more',
      );
      const ended = look(input, true);
      assert.notEqual(ended.kind, 'more');
      if (settled.kind !== 'more') {
        assertEqual(ended, settled, 'at the end');
        assertEqual(inPieces(input, cuts, look), settled, 'with resume');
      }
      if (look === sniffRequest && input.length > 0) assert.ok(ended.kind === 'bad-request' || isRequest(ended));
      if (ended.kind === 'evidence') assert.equal(ended.evidence.kind === 'http', ended.http !== undefined);
      shown.push(`${look.name} ${settled.kind} ${wordOf(ended)}`);
    }
    return shown;
  },
};

function inPieces(input: Uint8Array, cuts: readonly number[], look: typeof sniff): Sniffed | undefined {
  let resume: RequestProgress | undefined;
  for (const length of cuts) {
    const seen = look(input.slice(0, length), false, resume);
    if (seen.kind !== 'more') return seen;
    ({ resume } = seen);
  }
  return undefined;
}

function wordOf(seen: Sniffed): string {
  return seen.kind === 'evidence' ? seen.evidence.kind : seen.kind === 'bad-request' ? seen.why : seen.kind;
}

function isRequest(seen: Sniffed): boolean {
  return seen.kind === 'evidence' && seen.evidence.kind === 'http';
}
