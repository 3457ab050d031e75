import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startReadinessServer } from '../../../../agent/admin/readiness-server.ts';
import { listening } from '../../../support/probe-listening.ts';

test('503 names what is pending, then 200', async () => {
  const pending = ['registry', 'listener default/sleep'];
  const server = listening(await startReadinessServer({ port: 0, pending: () => pending }));
  assert.deepEqual(await get(server.port, '/healthz/ready'), [
    503,
    'not ready, pending: registry, listener default/sleep\n',
  ]);
  pending.length = 0;
  assert.deepEqual(await get(server.port, '/healthz/ready'), [200, 'ready\n']);
  await server.close();
});

test('other paths and methods are refused, HEAD has no body', async () => {
  const server = listening(await startReadinessServer({ port: 0, pending: () => [] }));
  const url = `http://127.0.0.1:${server.port}/healthz/ready`;
  assert.deepEqual(await get(server.port, '/'), [404, 'not found\n']);
  assert.equal((await fetch(url, { method: 'POST', body: 'x' })).status, 405);
  const head = await fetch(url, { method: 'HEAD' });
  assert.deepEqual([head.status, head.headers.get('content-length'), await head.text()], [200, '6', '']);
  await server.close();
});

async function get(port: number, path: string): Promise<readonly [number, string]> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`);
  return [response.status, await response.text()];
}
