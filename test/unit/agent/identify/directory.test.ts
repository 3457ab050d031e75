import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { directoryOf, workloadNamed } from '../../../../agent/identify/directory.ts';

const WEB = { namespace: 'shop', name: 'web-0', serviceAccount: 'web', labels: { app: 'web' }, ips: [] };

test('a workload that a Pod resource tells of is known with all that it tells', () => {
  equal(workloadNamed(directoryOf([WEB]), 'shop', 'web-0'), WEB);
});

test('one that none tells of has its name and nothing else: unknown is not the same as none', () => {
  const unknown = { serviceAccount: undefined, labels: undefined, ips: [] };
  deepEqual(workloadNamed(directoryOf([WEB]), 'bank', 'web-0'), { namespace: 'bank', name: 'web-0', ...unknown });
  deepEqual(workloadNamed(directoryOf([]), 'shop', 'web-0'), { namespace: 'shop', name: 'web-0', ...unknown });
});
