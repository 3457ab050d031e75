/** The corpus against the parsers alone, in milliseconds: what is relayed on the wire is whole here, what is refused is bad. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAnswerHead } from '../../../../agent/wire/http1-answer.ts';
import { chunksStart, scanChunked } from '../../../../agent/wire/http1-chunks.ts';
import { parseRequestHead, type RequestProgress } from '../../../../agent/wire/http1-request.ts';
import { type AnswerCase, answerCases, type RequestMessage, requestCases } from '../../../support/corpus/cases.ts';

test('requests, in one piece and byte by byte', () => {
  const wrong = requestCases().flatMap(({ name, messages }) =>
    messages
      .filter(({ bytes, fate }) => fate.kind !== 'nothing' && bytes.length < LONG_BYTES)
      .flatMap((message) =>
        [readRequest(message.bytes, message.bytes.length), readRequest(message.bytes, 1)].map((read) => ({
          message,
          read,
        })),
      )
      .filter(({ message, read }) => !agrees(message, read))
      .map(({ message, read }) => ({ name, fate: message.fate, read })),
  );
  assert.deepEqual(wrong, []);
});

test('answers', () => {
  const wrong = answerCases()
    .map((each) => ({ each, read: readAnswer(each) }))
    .filter(({ each, read }) => !answers(each, read))
    .map(({ each: { name, fate }, read }) => ({ name, fate, read }));
  assert.deepEqual(wrong, []);
});

/** Byte by byte a head costs a look at each: long ones are for their own tests. */
const LONG_BYTES = 10_000;

/** How much of the bytes is one message, and why no more is. */
type Read = { readonly status: number; readonly bytes: number; readonly inBody: boolean };

function agrees({ bytes, fate }: RequestMessage, read: Read): boolean {
  // What policy refuses, or a protocol that nobody may change to, is a whole request all the same.
  const whole = fate.kind === 'relayed' || (fate.kind === 'refused' && BY_POLICY.has(fate.reason));
  if (whole) return read.status === 0 && read.bytes === bytes.length;
  if (fate.kind !== 'refused') return true;
  const preface = bytes.startsWith('PRI '); // the sniffer asks for it first
  return preface || (read.status === fate.status && read.inBody === fate.inPart);
}

const BY_POLICY = new Set(['not-listed', 'upgrade']);

function readRequest(text: string, step: number): Read {
  const bytes = Buffer.from(text, 'latin1');
  let resume: RequestProgress | undefined;
  for (let end = step; end <= bytes.length; end += step) {
    const head = parseRequestHead(bytes.subarray(0, end), resume);
    if (head.kind === 'bad') return { status: head.status, bytes: 0, inBody: false };
    if (head.kind === 'not-http') return { status: 400, bytes: 0, inBody: false };
    if (head.kind === 'more') {
      resume = head.resume;
      continue;
    }
    if (head.body.kind !== 'chunked') {
      const length = head.body.kind === 'length' ? head.body.bytes : 0;
      return { status: 0, bytes: head.headBytes + length, inBody: true };
    }
    const { consumed, bad } = scanIn(bytes.subarray(head.headBytes), step);
    return { status: bad ? 400 : 0, bytes: head.headBytes + consumed, inBody: true };
  }
  return { status: 400, bytes: 0, inBody: false };
}

function scanIn(
  body: Uint8Array,
  step: number,
): { readonly consumed: number; readonly bad: boolean; readonly done: boolean } {
  let state = chunksStart();
  let consumed = 0;
  while (consumed < body.length) {
    const scan = scanChunked(state, body.subarray(consumed, consumed + step));
    consumed += scan.consumed;
    if (scan.bad !== undefined || scan.done) return { consumed, bad: scan.bad !== undefined, done: scan.done };
    state = scan.state;
  }
  return { consumed, bad: false, done: false };
}

/** `passes`: bytes up to the first fault, or to the end of the answer. */
type ReadAnswer = { readonly passes: number; readonly end: 'whole' | 'short' | 'bad-head' | 'bad-body' | 'tunnel' };

function answers({ fate, afterwards }: AnswerCase, { passes, end }: ReadAnswer): boolean {
  if (fate.kind === 'refused') return end === 'bad-head' || end === 'tunnel';
  if (fate.kind === 'cut')
    return passes <= fate.bytes.length && end === (afterwards === 'resets' ? 'short' : 'bad-body');
  return passes === fate.bytes.length && (end === 'whole' || (end === 'short' && afterwards === 'ends'));
}

function readAnswer({ answer, request }: AnswerCase): ReadAnswer {
  const bytes = Buffer.from(answer, 'latin1');
  const requestMethod = request.slice(0, request.indexOf(' '));
  for (let passes = 0; ; ) {
    const head = parseAnswerHead(bytes.subarray(passes), { requestMethod });
    if (head.kind !== 'head') return { passes, end: 'bad-head' };
    passes += head.headBytes;
    if (head.interim) continue;
    const rest = bytes.subarray(passes);
    if (head.body.kind === 'none') return { passes, end: 'whole' };
    if (head.body.kind === 'tunnel') return { passes, end: 'tunnel' };
    if (head.body.kind === 'until-close') return { passes: bytes.length, end: 'short' };
    if (head.body.kind === 'length') {
      const came = Math.min(rest.length, head.body.bytes);
      return { passes: passes + came, end: came < head.body.bytes ? 'short' : 'whole' };
    }
    const { consumed, bad, done } = scanIn(rest, rest.length);
    return { passes: passes + consumed, end: bad ? 'bad-body' : done ? 'whole' : 'short' };
  }
}
