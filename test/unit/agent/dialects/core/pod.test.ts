import { deepEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { soundDocument, testRows } from '../marked-document.ts';

const HEAD = 'apiVersion: v1\nkind: Pod\nmetadata:\n  name: sleep\n  namespace: shop\n';
const SLEEP = { namespace: 'shop', name: 'sleep', serviceAccount: 'default', labels: {}, ips: [] };

function workload(yaml: string): unknown {
  const { contribution } = soundDocument(yaml);
  return contribution?.kind === 'workload' ? contribution.workload : contribution;
}

test('a Pod of which only the name is told', () => {
  deepEqual(workload(HEAD), SLEEP);
  deepEqual(workload(HEAD.replace('  namespace: shop\n', '')), { ...SLEEP, namespace: 'default' });
});

test('service account, by its old name as well, and labels', () => {
  const labels = '  labels: {app: sleep, "app.kubernetes.io/name": sleep}\n';
  deepEqual(workload(`${HEAD}${labels}spec: {serviceAccountName: a, serviceAccount: b}\n`), {
    ...SLEEP,
    serviceAccount: 'a',
    labels: { app: 'sleep', 'app.kubernetes.io/name': 'sleep' },
  });
  deepEqual(workload(`${HEAD}spec: {serviceAccount: b, containers: []}\n`), { ...SLEEP, serviceAccount: 'b' });
});

test('addresses, each once', () => {
  const status =
    'status: {phase: Running, podIP: 198.18.0.1, podIPs: [{ip: 198.18.0.1}, {ip: "2001:DB8::1"}, {ip: x}, {}, 1]}\n';
  deepEqual(workload(`${HEAD}${status}`), { ...SLEEP, ips: ['198.18.0.1', '2001:db8::1'] });
  deepEqual(workload(`${HEAD}status: {podIPs: 1}\n`), SLEEP);
});

test('addresses that are not, or no longer, its own', () => {
  deepEqual(workload(`${HEAD}spec: {hostNetwork: true}\nstatus: {podIP: 198.18.0.1}\n`), SLEEP);
  deepEqual(workload(`${HEAD}status: {phase: Succeeded, podIP: 198.18.0.1}\n`), SLEEP);
  deepEqual(workload(`${HEAD}status: {phase: Failed, podIP: 198.18.0.1}\n`), SLEEP);
});

testRows([
  {
    says: 'a service account that is a number',
    yaml: `${HEAD}spec:\n  serviceAccountName: ▶1\n`,
    path: 'spec.serviceAccountName',
    message: /found the number 1/,
  },
  {
    says: 'a service account with a blank',
    yaml: `${HEAD}spec:\n  serviceAccountName: ▶a b\n`,
    path: 'spec.serviceAccountName',
    message: /name of a service account/,
  },
  {
    says: 'a service account of 254 characters',
    yaml: `${HEAD}spec:\n  serviceAccountName: ▶${'a'.repeat(254)}\n`,
    path: 'spec.serviceAccountName',
    message: /name of a service account/,
  },
  { says: 'a spec that is text', yaml: `${HEAD}spec: ▶none\n`, path: 'spec', message: /mapping/ },
  {
    says: 'labels that are numbers',
    yaml: `${HEAD}  labels:\n    version: ▶1\n`,
    path: 'metadata.labels.version',
    message: /text\), found the number 1/,
  },
]);
