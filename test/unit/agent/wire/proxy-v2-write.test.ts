import assert from 'node:assert/strict';
import { test } from 'node:test';
import { writeProxyV2 } from '../../../../agent/wire/proxy-v2-write.ts';
import { GOLDEN } from './proxy-v2-bytes.ts';
import { fixture, fixturesIn } from './settling.ts';

for (const path of fixturesIn('proxy-v2')) {
  test(`${path}: written byte for byte`, () => {
    const preamble = GOLDEN[path.slice('proxy-v2/'.length)];
    assert.ok(preamble, 'a fixture without meaning');
    assert.deepEqual(writeProxyV2(preamble), fixture(path));
  });
}

test('a name that Kubernetes cannot have is our own fault, and is not sent', () => {
  const preamble = GOLDEN['v4.bin'];
  assert.ok(preamble);
  for (const name of ['', 'A', 'a'.repeat(254)]) {
    const workload = { namespace: 'shop', name, serviceAccount: undefined };
    assert.throws(() => writeProxyV2({ ...preamble, workload }), RangeError);
  }
});
