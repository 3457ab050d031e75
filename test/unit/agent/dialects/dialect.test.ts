import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { errorAt, pathText, translation, warningAt } from '../../../../agent/dialects/dialect.ts';

for (const [path, text] of [
  [[], ''],
  [['spec', 'ports', 0, 'number'], 'spec.ports[0].number'],
  [['metadata', 'labels', 'app.kubernetes.io/name'], 'metadata.labels["app.kubernetes.io/name"]'],
  [['spec', 'endpoints', 0, 'ports', 'http-alt'], 'spec.endpoints[0].ports.http-alt'],
  [['a"b'], '["a\\"b"]'],
] as const) {
  test(`path ${text}`, () => equal(pathText(path), text));
}

test('a translation yields nothing exactly if a finding is an error', () => {
  const nothing = () => ({ kind: 'nothing' }) as const;
  deepEqual(translation([warningAt(['a'], 'w')], nothing).contribution, { kind: 'nothing' });
  deepEqual(translation([warningAt(['a'], 'w'), errorAt(['a'], 'e')], nothing).contribution, undefined);
});
