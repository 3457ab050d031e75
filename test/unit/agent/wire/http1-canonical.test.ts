import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { readCanonicalRequest } from '../../../../agent/wire/http1-canonical.ts';
import { requestHead, shownOf } from './request-head.ts';
import { fixture } from './settling.ts';

test('what the line shows of a request, in any case and order, without the blanks around it', () => {
  const lines = [
    'POST /a?b=c HTTP/1.1',
    'X-B3-TraceId:80f198ee56343ba8',
    'Host: a.test',
    'USER-AGENT: \t curl/8 (x) \t',
    'Content-Length: 3',
    'x-forwarded-for: 198.18.0.9, 198.18.0.10',
    'X-Request-ID:',
  ];
  assert.deepEqual(readCanonicalRequest(`${lines.join('\r\n')}\r\n\r\n`), {
    method: 'POST',
    target: '/a?b=c',
    userAgent: 'curl/8 (x)',
    requestId: '',
    xForwardedFor: '198.18.0.9, 198.18.0.10',
    traceId: '80f198ee56343ba8',
  });
});

test('no such fields, or only ones that look alike', () => {
  const bare = { method: 'GET', target: '/', userAgent: null, requestId: null, xForwardedFor: null, traceId: null };
  assert.deepEqual(readCanonicalRequest('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n'), bare);
  const alike = [
    'User-Agen: a',
    'User-Agents: b',
    'X-Request-Id-2: c',
    'Y-Request-Id: d',
    'X_Forwarded-For: e',
    'X: f',
  ];
  const text = ['GET / HTTP/1.1', 'A: user-agent: g', ...alike, 'X-B3-Trace_Id: h', '', ''].join('\r\n');
  assert.deepEqual(readCanonicalRequest(text), bare);
});

for (const name of ['curl-7.88-get', 'curl-7.88-head', 'curl-7.88-post', 'curl-7.88-ipv6-host', 'node-24-fetch']) {
  test(`the captured request ${name}: as the strict parser reads it`, () => {
    assertSame(Buffer.from(fixture(`http-request/${name}.bin`)).toString('latin1'));
  });
}

const NAMES = ['User-Agent', 'X-Request-Id', 'X-Forwarded-For', 'X-B3-TraceId'];
const name = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...NAMES) },
  fc.constantFrom(...NAMES).map((each) => `${each}x`),
  fc.constantFrom(...NAMES).map((each) => each.slice(0, -1)),
  fc.constantFrom(...NAMES).map((each) => each.replace('-', '_')),
  fc.constantFrom('X', 'U', 'XX', 'X-', 'X-R', 'Via', 'X-Real-Ip', 'X-B3-SpanId', 'Upgrade-Insecure-Requests'),
);
const cased = fc
  .tuple(name, fc.func(fc.boolean()))
  .map(([text, upper]) =>
    Array.from(text, (letter, at) => (upper(at) ? letter.toUpperCase() : letter.toLowerCase())).join(''),
  );
const value = fc.string({ unit: fc.constantFrom(...Array.from('ab:/,; \t"\\~!')), maxLength: 20 });
const field = fc.tuple(cased, value).map(([each, text]) => `${each}:${text}`);
const heads = fc
  .tuple(
    fc.constantFrom('GET', 'HEAD', 'POST', 'QUERY', 'X'),
    fc.webPath().map((path) => (path.startsWith('/') ? path : `/${path}`)),
    fc.array(field, { maxLength: 8 }),
    fc.nat(),
  )
  .map(([method, target, fields, at]) => {
    const all = fields.toSpliced(at % (fields.length + 1), 0, 'Host: a.test');
    return [`${method} ${target} HTTP/1.1`, ...all, '', ''].join('\r\n');
  });

test('any canonical head: as the strict parser reads it', () => {
  fc.assert(fc.property(heads, assertSame), { numRuns: 500 });
});

test('any text at all: it ends, and does not throw', () => {
  const text = fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(...Array.from('ux-:\r\n f')) }), heads);
  fc.assert(
    fc.property(text, fc.nat(), (whole, cut) => {
      assert.equal(typeof readCanonicalRequest(whole.slice(cut % (whole.length + 1))).target, 'string');
    }),
  );
});

function assertSame(text: string): void {
  assert.deepEqual(readCanonicalRequest(text), shownOf(requestHead(text)), text);
}
