import assert from 'node:assert/strict';
import { chunksStart, scanChunked } from '../../../agent/wire/http1-chunks.ts';
import { assertAgrees } from '../../native/scanner/agreement.ts';
import type { ScannerProgram } from '../../native/scanner/scanner-program.ts';
import type { Target } from '../harness/target.ts';
import { answerHead } from '../targets/answer-head.ts';
import { chunks } from '../targets/chunks.ts';
import { requestHead } from '../targets/request-head.ts';

/** What is fuzzed of the C core, by libFuzzer: NAME.c of this folder, where the invariant stands. */
export type NativeTarget = Pick<Target, 'name' | 'seeds' | 'tokens'> & {
  /** Rejects if C and TypeScript read an input differently. undefined: only C knows it. */
  readonly agrees: ((scanner: ScannerProgram, input: Uint8Array) => Promise<void>) | undefined;
};

export const NATIVE_TARGETS: readonly NativeTarget[] = [
  {
    name: 'http1-scan',
    seeds: () => [...requestHead.seeds(), ...answerHead.seeds()],
    tokens: [
      'Host: a.test\r\n',
      'Content-Length: ',
      'Transfer-Encoding: chunked\r\n',
      'Connection: keep-alive\r\n',
      'Expect: 100-continue\r\n',
      'Upgrade: h2c\r\n',
      'Content_Length: 5\r\n',
      ' HTTP/1.1\r\n',
      'HTTP/1.1 200',
      '\r\n\r\n',
      '[2001:db8::7]',
      '198.18.0.1',
    ],
    agrees: async (scanner, input) => {
      const name = input.slice(0, 8);
      const kinds = ['request', 'answer', 'answer-to-head'] as const;
      await Promise.all(
        kinds.map(async (kind) => assertAgrees(kind, input, name, await scanner.scan(kind, input, name))),
      );
    },
  },
  {
    name: 'http1-chunk',
    seeds: chunks.seeds,
    tokens: ['\r\n', '0\r\n\r\n', '5\r\n', 'ffffffff\r\n', '00000001\r\n'],
    agrees: async (scanner, input) => {
      const { result, bytes } = await scanner.scanChunks('size', input);
      const { done, bad, consumed } = scanChunked(chunksStart(), input);
      if (result === 'canonical') assert.deepEqual([done, consumed], [true, bytes]);
      if (result === 'incomplete') assert.deepEqual([done, bad], [false, undefined]);
    },
  },
  {
    name: 'held',
    seeds: () => [Uint8Array.of(0, 1, 0, 0, 0, 1, 0, 8, 0, 3, 2, 0, 4, 0, 0)],
    tokens: [],
    agrees: undefined,
  },
];
