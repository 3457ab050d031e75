import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import { createServer } from 'node:net';
import { test } from 'node:test';
import tls from 'node:tls';
import { parseAnswerHead } from '../../../../agent/wire/http1-answer.ts';
import { type HttpRefusal, http2Goaway, httpRefusal, tlsAlertAccessDenied } from '../../../../agent/wire/refusal.ts';

const refusal: HttpRefusal = {
  status: 502,
  reasonCode: 'not-listed',
  text: 'Egress to a.test is not listed: füge einen ServiceEntry hinzu.',
  head: false,
  date: new Date(0).toUTCString(),
};

/** A server on loopback that answers the first bytes of each connection with these. */
async function answering(bytes: Uint8Array, use: (port: number) => Promise<void>): Promise<void> {
  const server = createServer((socket) =>
    socket.on('error', () => socket.destroy()).once('data', () => socket.end(bytes)),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const address = server.address();
    assert.ok(typeof address === 'object' && address);
    await use(address.port);
  } finally {
    server.close();
  }
}

test("Node's HTTP client reads the refusal", () =>
  answering(httpRefusal(refusal), async (port) => {
    const response: http.IncomingMessage = (await once(http.get({ port, host: '127.0.0.1' }), 'response'))[0];
    assert.deepEqual([response.statusCode, response.statusMessage], [502, 'Bad Gateway']);
    const { server, date, connection, 'x-weir-reason': reason, 'content-type': type } = response.headers;
    assert.deepEqual([server, connection, reason], ['weir', 'close', 'not-listed']);
    assert.deepEqual([date, type], ['Thu, 01 Jan 1970 00:00:00 GMT', 'text/plain; charset=utf-8']);
    assert.equal(Buffer.concat(await response.toArray()).toString(), `${refusal.text}\n`);
    assert.ok(response.complete);
  }));

test('to HEAD: the same head, with the length of the body that is not sent', () => {
  const whole = httpRefusal(refusal);
  const head = httpRefusal({ ...refusal, head: true });
  const parsed = parseAnswerHead(whole, { requestMethod: 'GET' });
  assert.ok(parsed.kind === 'head' && parsed.body.kind === 'length');
  assert.deepEqual(head, whole.slice(0, parsed.headBytes));
  assert.equal(whole.length - parsed.headBytes, parsed.body.bytes);
});

test('every status has its phrase, and our own parser takes the answer', () => {
  for (const status of [400, 403, 404, 413, 414, 431, 502, 503, 504, 505] as const) {
    const parsed = parseAnswerHead(httpRefusal({ ...refusal, status }), { requestMethod: 'GET' });
    assert.equal(parsed.kind === 'head' && parsed.status, status);
    const line = Buffer.from(httpRefusal({ ...refusal, status }))
      .toString('latin1')
      .split('\r\n')[0];
    assert.equal(
      line,
      `HTTP/1.1 ${status} ${http.STATUS_CODES[status] === 'Payload Too Large' ? 'Content Too Large' : http.STATUS_CODES[status]}`,
    );
  }
});

test('control bytes of the text cannot leave its line', () => {
  const bytes = httpRefusal({ ...refusal, text: 'a\r\nb\0c\x85d' });
  assert.ok(Buffer.from(bytes).toString().endsWith('\r\n\r\na  b c d\n'));
});

test("Node's TLS client reads access_denied, in TLS 1.2 and 1.3", async () => {
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    await answering(tlsAlertAccessDenied(), async (port) => {
      const client = tls.connect({ port, host: '127.0.0.1', minVersion: version, maxVersion: version });
      const error: NodeJS.ErrnoException = (await once(client, 'error'))[0];
      assert.match(String(error.code), /ALERT_ACCESS_DENIED/);
    });
  }
});

test("Node's HTTP/2 client reads the GOAWAY with its code and reason", async () => {
  const codes = [
    ['http2-undecidable', http2.constants.NGHTTP2_HTTP_1_1_REQUIRED],
    ['not-listed', http2.constants.NGHTTP2_INADEQUATE_SECURITY],
  ] as const;
  for (const [reason, code] of codes) {
    await answering(http2Goaway(reason), async (port) => {
      const session = http2.connect(`http://127.0.0.1:${port}`).on('error', () => session.destroy());
      const [errorCode, lastStream, data] = await once(session, 'goaway');
      assert.deepEqual([errorCode, lastStream, String(data)], [code, 0, reason]);
      session.destroy();
    });
  }
});
