import assert from 'node:assert/strict';
import { TEXT } from '../../../agent/wire/ascii.ts';
import { readCanonicalRequest } from '../../../agent/wire/http1-canonical.ts';
import { HEAD_CAP_BYTES, readFields } from '../../../agent/wire/http1-fields.ts';
import { forwardedInsertions, withInsertions } from '../../../agent/wire/http1-forwarded.ts';
import {
  parseRequestHead,
  type RequestHead,
  type RequestProgress,
  type RequestResult,
} from '../../../agent/wire/http1-request.ts';
import { readRequestLine } from '../../../agent/wire/http1-request-line.ts';
import { readWholeRequest } from '../../../agent/wire/http1-whole.ts';
import { requestCases } from '../../support/corpus/cases.ts';
import { shownOf } from '../../unit/agent/wire/request-head.ts';
import { HTTP_MUTATORS, HTTP_TOKENS } from '../harness/http-words.ts';
import { textOf } from '../harness/mutate-lines.ts';
import { assertEqual, assertSettlesOnce, cutsOf, sizeOf } from '../harness/prefixes.ts';
import { fixtures, texts } from '../harness/seeds.ts';
import type { Target } from '../harness/target.ts';

export const requestHead: Target = {
  name: 'request-head',
  invariant:
    'Any bytes are read without throwing, settle once over their prefixes, are the same with and without `resume` and by ' +
    'the quick and the careful way; a head is what the canonical reader reads, and stays that with fields put into it.',
  seeds: () => [
    ...fixtures('http-request'),
    ...texts(...requestCases().flatMap(({ messages }) => messages.map(({ bytes }) => bytes.slice(0, 2048)))),
  ],
  mutators: HTTP_MUTATORS,
  tokens: HTTP_TOKENS,
  check(input, thorough) {
    const cuts = cutsOf(input, thorough);
    // `resume` holds the way so far, which is none of the result.
    const result = assertSettlesOnce(input, cuts, parseRequestHead, ({ kind }) => kind === 'more');
    if (result.kind !== 'more') assertEqual(resumed(input, cuts), result, 'with resume');
    assertCertain(input, cuts);
    assertQuickIsCareful(input, result);
    if (result.kind === 'head') assertReadAlike(input, result);
    return shown(result);
  },
};

function shown(result: RequestResult): readonly string[] {
  if (result.kind === 'bad') return [`${result.status} ${result.why}`];
  if (result.kind !== 'head') return [result.kind];
  const { method, body, version, authority, path, headers, upgrade, keepAlive, expectContinue } = result;
  return [
    `${method.length} ${body.kind} ${version}`,
    `${authority?.host.kind} ${authority?.port === undefined} ${path.slice(0, 1)}`,
    `${sizeOf(headers.length)} fields, ${upgrade.length} upgrades`,
    `${keepAlive} ${expectContinue}`,
  ];
}

/** The bytes as they come from a socket, piece by piece. */
function resumed(input: Uint8Array, cuts: readonly number[]): RequestResult {
  let resume: RequestProgress | undefined;
  for (const length of cuts) {
    const result = parseRequestHead(input.slice(0, length), resume);
    if (result.kind !== 'more') return result;
    ({ resume } = result);
  }
  return { kind: 'more', certain: false, resume: undefined };
}

/** Once certain, never again something else than HTTP. */
function assertCertain(input: Uint8Array, cuts: readonly number[]): void {
  let certain = false;
  for (const length of cuts) {
    const result = parseRequestHead(input.slice(0, length));
    if (certain) assert.notEqual(result.kind, 'not-http', `at ${length}, which was certain to be HTTP`);
    if (result.kind === 'more') {
      assert.ok(result.certain || !certain, `at ${length} no longer certain`);
      ({ certain } = result);
    }
  }
}

function assertQuickIsCareful(input: Uint8Array, result: RequestResult): void {
  const whole = readWholeRequest(input);
  const line = readRequestLine(input);
  if (whole) assertEqual(whole.line, line, 'the line by the quick way');
  if (line.kind !== 'line') return;
  const start = { lineStart: line.next, scanned: line.next, fields: [] };
  if (whole) {
    const { fields, headBytes } = whole;
    assertEqual(readFields(input, start, TEXT), { kind: 'fields', fields, headBytes }, 'the fields by the quick way');
  }
  if (result.kind !== 'more')
    assertEqual(parseRequestHead(input, { line, fields: start }), result, 'by the careful way');
}

function assertReadAlike(input: Uint8Array, head: RequestHead): void {
  assert.ok(head.headBytes <= Math.min(input.length, HEAD_CAP_BYTES));
  const bytes = input.slice(0, head.headBytes);
  assertEqual(readCanonicalRequest(textOf(bytes)), shownOf(head), 'by the canonical reader');
  const added = withInsertions(bytes, forwardedInsertions(bytes, { clientAddress: '198.18.0.9', requestId: '7' }));
  const again = parseRequestHead(added);
  if (again.kind === 'bad' && again.status === 431) return; // beyond a cap by what was added
  assert.ok(again.kind === 'head', 'no head any more with fields put in');
  assertEqual({ ...again, headers: [], headBytes: 0 }, { ...head, headers: [], headBytes: 0 }, 'with fields put in');
  assertEqual(
    again.headers.filter(([name]) => !ADDED.has(name)),
    head.headers.filter(([name]) => !ADDED.has(name)),
    'other fields',
  );
  assert.ok(again.headers.findLast(([name]) => name === 'x-forwarded-for')?.[1].endsWith('198.18.0.9'));
  assert.ok(again.headers.some(([name]) => name === 'x-request-id'));
}

const ADDED = new Set(['x-forwarded-for', 'x-request-id']);
