import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { directoryOf, sourceAt, workloadAt, workloadNamed } from '../../../../agent/identify/directory.ts';
import { cidr, ip } from '../registry/builders.ts';

const WEB = {
  namespace: 'shop',
  name: 'web-0',
  serviceAccount: 'web',
  labels: { app: 'web' },
  ips: [ip('198.18.0.9'), ip('2001:db8::9')],
};
const OTHER = { ...WEB, namespace: 'bank', ips: [ip('198.18.0.10')] };
const CLUSTER = [cidr('198.18.0.0/15'), cidr('2001:db8::/64')];

test('a workload that a Pod resource tells of is known with all that it tells', () => {
  equal(workloadNamed(directoryOf([WEB]), 'shop', 'web-0'), WEB);
});

test('one that none tells of has its name and nothing else: unknown is not the same as none', () => {
  const unknown = { serviceAccount: undefined, labels: undefined, ips: [] };
  deepEqual(workloadNamed(directoryOf([WEB]), 'bank', 'web-0'), { namespace: 'bank', name: 'web-0', ...unknown });
  deepEqual(workloadNamed(directoryOf([]), 'shop', 'web-0'), { namespace: 'shop', name: 'web-0', ...unknown });
});

test('an address is that of the Pod which has it, each of its addresses', () => {
  const directory = directoryOf([OTHER, WEB]);
  for (const each of WEB.ips) {
    equal(workloadAt(directory, each)?.workload, WEB);
    deepEqual(sourceAt(directory, each, []), { kind: 'workload', workload: WEB });
  }
  equal(workloadAt(directory, ip('198.18.0.11')), undefined);
});

test('an address that two Pods claim is nobody’s, a third claim does not change that, and no outside client has it', () => {
  const shared = ip('203.0.113.9');
  const claims = ['a', 'b', 'c'].map((name) => ({ ...WEB, name, ips: [shared] }));
  for (const pods of [claims.slice(0, 2), claims]) {
    const directory = directoryOf([...pods, OTHER]);
    equal(workloadAt(directory, shared), undefined);
    for (const cidrs of [[], CLUSTER]) deepEqual(sourceAt(directory, shared, cidrs), { kind: 'unknown' });
    equal(workloadAt(directory, ip('198.18.0.10'))?.workload, OTHER, 'the others are as before');
  }
});

test('an address that no Pod has: nobody in a range of the cluster, a client from outside elsewhere', () => {
  const directory = directoryOf([WEB]);
  for (const inside of ['198.18.0.11', '198.19.255.255', '2001:db8::a'])
    deepEqual(sourceAt(directory, ip(inside), CLUSTER), { kind: 'unknown' }, inside);
  for (const outside of ['203.0.113.1', '2001:db8:1::a', '127.0.0.1'])
    deepEqual(sourceAt(directory, ip(outside), CLUSTER), { kind: 'outside', ip: ip(outside) }, outside);
  deepEqual(sourceAt(directory, ip('198.18.0.11'), []), { kind: 'outside', ip: ip('198.18.0.11') }, 'no cluster');
});
