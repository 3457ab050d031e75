import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { isSound, REST_CAP_BYTES, SIGNATURE } from '../../../../agent/wire/proxy-v2.ts';
import { writeProxyV2 } from '../../../../agent/wire/proxy-v2-write.ts';
import { endpoint } from '../../../support/access-record.ts';
import { fixture } from './settling.ts';

test('names of Kubernetes, and what is none', () => {
  const sound = { namespace: 'shop', name: 'sleep-0.a', serviceAccount: 'default' };
  assert.equal(isSound(sound), true);
  assert.equal(isSound({ ...sound, serviceAccount: undefined }), true);
  assert.equal(isSound({ namespace: 'a'.repeat(63), name: 'a'.repeat(253), serviceAccount: 'a'.repeat(253) }), true);
  for (const bad of ['', 'A', '-a', 'a-', '.a', 'a b', 'a/b', 'a\n', 'é', 'a'.repeat(254)]) {
    assert.equal(isSound({ ...sound, namespace: bad }), false, bad);
    assert.equal(isSound({ ...sound, name: bad }), false, bad);
    assert.equal(isSound({ ...sound, serviceAccount: bad }), false, bad);
  }
  assert.equal(isSound({ ...sound, namespace: 'a.b' }), false);
  assert.equal(isSound({ ...sound, namespace: 'a'.repeat(64) }), false);
});

test('the longest header of ours is far below the cap', () => {
  const name = 'a'.repeat(253);
  const label = 'a'.repeat(63);
  const ip = endpoint('2001:db8::1', 443);
  const workload = { namespace: label, name, serviceAccount: name };
  const bytes = writeProxyV2({ source: ip, destination: ip, workload, serverName: undefined });
  assert.ok(bytes.length + 3 + 253 < 900 && REST_CAP_BYTES === 2048, `${bytes.length}`);
});

test('the signature is that of the specification', () => {
  assert.equal(Buffer.from(SIGNATURE).toString('latin1'), '\r\n\r\n\0\r\nQUIT\n');
});

test('the example of docs/hop.md is a header', () => {
  const page = readFileSync(new URL('../../../../docs/hop.md', import.meta.url), 'utf8');
  const lines = page.match(/^(?:[0-9a-f]{2} {1,2})+/gm) ?? [];
  const bytes = lines.join(' ').match(/[0-9a-f]{2}/g) ?? [];
  const example = Uint8Array.from(bytes, (hex) => Number.parseInt(hex, 16));
  assert.deepEqual(example, fixture('proxy-v2/workload-and-server-name.bin'));
});
