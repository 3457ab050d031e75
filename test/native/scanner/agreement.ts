import assert from 'node:assert/strict';
import { type AnswerHead, parseAnswerHead } from '../../../agent/wire/http1-answer.ts';
import { readCanonicalRequest } from '../../../agent/wire/http1-canonical.ts';
import { parseRequestHead, type RequestHead } from '../../../agent/wire/http1-request.ts';
import { shownOf } from '../../unit/agent/wire/request-head.ts';
import type { MessageKind, Scan } from './scanner-program.ts';

/**
 * The invariant: canonical is read the same by TypeScript; incomplete is what TypeScript wants more of, too; a result
 * never changes with bytes behind, and a canonical head is incomplete up to its last byte. `name`: what `scan` was asked for.
 */
export function assertAgrees(kind: MessageKind, message: Uint8Array, name: Uint8Array, scan: Scan): void {
  assert.ok(scan.steady, 'bytes behind changed the result');
  assert.ok(scan.pending < scan.settled);
  if (scan.pending >= 0) {
    assert.equal(parse(kind, message.subarray(0, scan.pending)).kind, 'more', `incomplete at ${scan.pending}`);
  }
  if (scan.result !== 'canonical') return;
  assert.ok(scan.pending < scan.headBytes && scan.settled >= scan.headBytes, 'a piece of a canonical head');
  const head = parse(kind, message);
  assert.ok(head.kind === 'head', `canonical, but ${JSON.stringify(head)}`);
  const lengthOfBody = head.body.kind === 'length' ? head.body.bytes : 0;
  const kinds = scan.chunked ? ['chunked'] : ['length', 'none'];
  assert.ok(kinds.includes(head.body.kind), head.body.kind);
  const read = [scan.headBytes, scan.bodyBytes, scan.hasField];
  assert.deepEqual(read, [head.headBytes, lengthOfBody, hasField(head, Buffer.from(name).toString('latin1'))]);
  assert.deepEqual([head.version, head.keepAlive], ['1.1', true]);
  if ('method' in head) assertSameRequest(message, scan, head);
  else assertSameAnswer(message, scan, head);
}

function parse(kind: MessageKind, bytes: Uint8Array) {
  if (kind === 'request') return parseRequestHead(bytes);
  return parseAnswerHead(bytes, { requestMethod: kind === 'answer' ? 'GET' : 'HEAD' });
}

function assertSameRequest(message: Uint8Array, scan: Scan, head: RequestHead): void {
  const text = ([at, length]: readonly [number, number]) =>
    Buffer.from(message.subarray(at, at + length)).toString('latin1');
  const host = head.headers.filter(([name]) => name === 'host').map(([, value]) => value);
  assert.deepEqual([text(scan.method), text(scan.target), [text(scan.host)]], [head.method, head.target, host]);
  assert.deepEqual(readCanonicalRequest(text([0, scan.headBytes])), shownOf(head));
  assert.deepEqual([head.path, scan.isHead], [head.target, head.method === 'HEAD']);
  assert.deepEqual([head.upgrade, head.expectContinue, head.authority === undefined], [[], false, false]);
}

function assertSameAnswer(message: Uint8Array, scan: Scan, head: AnswerHead): void {
  assert.deepEqual([scan.status, head.interim], [head.status, false]);
  assert.equal(scan.statusLineBytes, message.indexOf(10) + 1);
}

function hasField(head: RequestHead | AnswerHead, name: string): boolean {
  return head.headers.some(([one]) => one === name.toLowerCase());
}
