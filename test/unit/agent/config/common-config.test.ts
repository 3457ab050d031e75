import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { cidrs, commaSeparated, parseWorkloadName } from '../../../../agent/config/common-config.ts';

test('a list may hold several, parted by commas', () => {
  deepEqual(commaSeparated([' a ,,b', '']), ['a', 'b']);
});

test('what is no CIDR is complained about by its option, the others stay', () => {
  const complaints: string[] = [];
  const found = cidrs('--trusted-peers', ['198.18.0.0/15,x', 'fd00::/8'], (message) => void complaints.push(message));
  deepEqual([found.length, complaints], [2, ['--trusted-peers: expected a CIDR, not "x"']]);
});

test('a workload is a namespace and a pod, as Kubernetes names them', () => {
  deepEqual(parseWorkloadName('shop/web-0.a'), { namespace: 'shop', pod: 'web-0.a' });
  for (const text of ['', '/', 'shop', 'shop/', '/web', 'a/b/c', 'sh.op/web', 'shop/-web', 'shop/web_0', 'shop/web\n'])
    equal(parseWorkloadName(text), undefined, JSON.stringify(text));
  equal(parseWorkloadName(`${'a'.repeat(64)}/web`), undefined);
});
