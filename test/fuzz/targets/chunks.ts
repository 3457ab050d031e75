import assert from 'node:assert/strict';
import { type ChunkState, chunksStart, scanChunked, skipChunkData } from '../../../agent/wire/http1-chunks.ts';
import { answerCases, requestCases } from '../../support/corpus/cases.ts';
import { changeCase, changeLineEnds, insertLine, moveLines, swapWords, textOf } from '../harness/mutate-lines.ts';
import { assertEqual, cutsOf, piecesOf, sizeOf } from '../harness/prefixes.ts';
import { texts } from '../harness/seeds.ts';
import type { Target } from '../harness/target.ts';

export const chunks: Target = {
  name: 'chunks',
  invariant:
    'Any body is scanned without throwing to the same end or fault in any split, with its data looked at or skipped, and ' +
    'what a naive reader of plain chunks takes whole ends at the same byte here.',
  seeds: () =>
    [
      ...texts(
        '5\r\nhello\r\n0\r\n\r\n',
        'A;x="y;z"\r\n0123456789\r\n00\r\nX-Sum: 1\r\n\r\nGET / HTTP/1.1\r\n\r\n',
        '10000000000000\r\n',
        '1fffffffffffff\r\n',
      ),
      ...texts(...requestCases().flatMap(({ messages }) => messages.map(({ bytes }) => behindHead(bytes)))),
      ...texts(...answerCases().map(({ answer }) => behindHead(answer))),
    ].filter((body) => body.length > 0 && body.length <= 2048),
  mutators: [
    moveLines,
    changeLineEnds,
    changeCase,
    swapWords([
      '0',
      '1',
      '5',
      'a',
      'F',
      '00000000005',
      '10000000000000',
      '1fffffffffffff',
      '20000000000000',
      'ffffffffffffffff',
      '0x5',
      '-1',
      '5;x',
    ]),
    insertLine(['0', '1', '5;a=b', 'X-Sum: 1', 'Host: a.test', 'content_length: 5', 'TE: x', ';'], '\r\n'),
    insertLine(['2\r\nab', '0\r\n', '1;q="\x7f"\r\nx'], '\r\n'),
  ],
  tokens: ['\r\n', '0\r\n\r\n', ';', ':', '\r', '\n', '\t', '"', 'Transfer-Encoding:', 'trailer:', '\x80'],
  check(input, thorough) {
    const whole = endOf([input]);
    assert.ok(whole.consumed <= input.length);
    const cuts = cutsOf(input, thorough);
    assertEqual(endOf(piecesOf(input, cuts)), whole, 'in pieces');
    assertEqual(
      endOf(
        piecesOf(
          input,
          Array.from(input, (_, at) => at + 1),
        ),
      ),
      whole,
      'byte by byte',
    );
    assertEqual(skipping(input), whole, 'with data skipped');
    const naive = naiveEnd(textOf(input));
    if (naive !== undefined) assertEqual(whole, { consumed: naive, done: true, bad: undefined }, 'by a naive reader');
    return [`${whole.bad} ${whole.done} ${naive === undefined}`, `${sizeOf(whole.consumed)} ${whole.done}`];
  },
};

type End = { readonly consumed: number; readonly done: boolean; readonly bad: string | undefined };

function endOf(pieces: readonly Uint8Array[]): End {
  let state: ChunkState = chunksStart();
  let consumed = 0;
  for (const piece of pieces) {
    const scan = scanChunked(state, piece);
    ({ state } = scan);
    consumed += scan.consumed;
    if (scan.done || scan.bad !== undefined) return { consumed, done: scan.done, bad: scan.bad };
    assert.equal(scan.consumed, piece.length, 'neither taken nor refused');
  }
  return { consumed, done: false, bad: undefined };
}

/** As the mover is told to: what is data is not looked at. */
function skipping(input: Uint8Array): End {
  let state: ChunkState = chunksStart();
  for (let at = 0; at < input.length; ) {
    const skipped = skipChunkData(state);
    assert.ok(Number.isSafeInteger(at + skipped.bytes), 'more than a number can tell');
    if (skipped.bytes > input.length - at) return { consumed: input.length, done: false, bad: undefined };
    ({ state } = skipped);
    at += skipped.bytes;
    if (at === input.length) break;
    const scan = scanChunked(state, input.slice(at, at + 1));
    ({ state } = scan);
    at += scan.consumed;
    if (scan.done || scan.bad !== undefined) return { consumed: at, done: scan.done, bad: scan.bad };
  }
  return { consumed: input.length, done: false, bad: undefined };
}

/** Sizes of up to 8 digits, no extensions, no trailers; undefined: not such a body, or not all of it. */
function naiveEnd(text: string): number | undefined {
  for (let at = 0; ; ) {
    const [line, digits = ''] = /^([0-9a-f]{1,8})\r\n/i.exec(text.slice(at, at + 10)) ?? [];
    if (line === undefined) return undefined;
    const size = Number.parseInt(digits, 16);
    at += line.length + size;
    if (text.slice(at, at + 2) !== '\r\n') return undefined;
    at += 2;
    if (size === 0) return at;
  }
}

function behindHead(bytes: string): string {
  const end = bytes.indexOf('\r\n\r\n');
  return end === -1 ? '' : bytes.slice(end + 4);
}
