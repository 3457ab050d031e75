import assert from 'node:assert/strict';
import { OBS_TEXT, TEXT } from '../../../agent/wire/ascii.ts';
import { type AnswerResult, parseAnswerHead } from '../../../agent/wire/http1-answer.ts';
import { HEAD_CAP_BYTES, readFields } from '../../../agent/wire/http1-fields.ts';
import { readStatusLine } from '../../../agent/wire/http1-status-line.ts';
import { readWholeAnswer } from '../../../agent/wire/http1-whole.ts';
import { answerCases } from '../../support/corpus/cases.ts';
import { HTTP_MUTATORS, HTTP_TOKENS } from '../harness/http-words.ts';
import { assertEqual, assertSettlesOnce, cutsOf, sizeOf } from '../harness/prefixes.ts';
import { fixtures, texts } from '../harness/seeds.ts';
import type { Target } from '../harness/target.ts';

export const answerHead: Target = {
  name: 'answer-head',
  invariant:
    'Any bytes are read without throwing, settle once over their prefixes whatever was asked, are the same by the quick ' +
    'and the careful way, and the method of the request changes nothing but the body.',
  seeds: () => [...fixtures('http-answer'), ...texts(...answerCases().map(({ answer }) => answer.slice(0, 2048)))],
  mutators: HTTP_MUTATORS,
  tokens: HTTP_TOKENS,
  check(input, thorough) {
    const cuts = cutsOf(input, thorough, 6);
    const [toGet, ...others] = ['GET', 'HEAD', 'CONNECT'].map((requestMethod) =>
      assertSettlesOnce(
        input,
        cuts,
        (bytes) => parseAnswerHead(bytes, { requestMethod }),
        ({ kind }) => kind === 'more',
      ),
    );
    for (const other of others) assertEqual(withoutBody(other), withoutBody(toGet), 'for another method');
    if (toGet?.kind === 'head') assertSound(input, toGet);
    const whole = readWholeAnswer(input);
    if (!whole) return shown(toGet);
    const line = readStatusLine(input);
    assertEqual(whole.line, line, 'the line by the quick way');
    assert.ok(line.kind === 'status');
    const start = { lineStart: line.next, scanned: line.next, fields: [] };
    const { fields, headBytes } = whole;
    const careful = readFields(input, start, TEXT | OBS_TEXT);
    assertEqual(careful, { kind: 'fields', fields, headBytes }, 'the fields by the quick way');
    return ['quick', ...shown(toGet)];
  },
};

function shown(result: AnswerResult | undefined): readonly string[] {
  if (result?.kind === 'bad') return [result.why];
  if (result?.kind !== 'head') return ['more'];
  const { status, body, version, headers, upgrade, keepAlive } = result;
  return [
    `${status} ${body.kind}`,
    `${version} ${keepAlive}`,
    `${sizeOf(headers.length)} fields, ${upgrade.length} upgrades`,
  ];
}

function assertSound(input: Uint8Array, head: AnswerResult & { readonly kind: 'head' }): void {
  assert.ok(head.headBytes <= Math.min(input.length, HEAD_CAP_BYTES) && head.fieldsAt <= head.headBytes);
  assert.ok(head.status >= 100 && head.status <= 999);
  if (head.body.kind === 'length') assert.ok(Number.isSafeInteger(head.body.bytes) && head.body.bytes > 0);
  if (head.interim || head.status === 204) assert.equal(head.body.kind, 'none');
}

/** Whether the connection lives on hangs on the body, too. */
function withoutBody(result: AnswerResult | undefined): unknown {
  return result?.kind === 'head' ? { ...result, body: undefined, keepAlive: undefined } : result;
}
