import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { kindOf, resourceKey, unknownKind } from '../../../../agent/dialects/kinds.ts';
import type { Claim } from '../../../../agent/dialects/kube-object.ts';
import { readDocuments } from '../../../../agent/sources/documents.ts';

const CLAIM: Claim = {
  group: 'networking.istio.io',
  version: 'v1',
  kind: 'ServiceEntry',
  name: 'a',
  namespace: undefined,
};

function keyOf(claim: Claim): string | undefined {
  const kind = kindOf(claim);
  return kind && resourceKey(kind, claim);
}

test('a resource is the same in every version, and in the namespace default', () => {
  equal(keyOf(CLAIM), 'networking.istio.io/ServiceEntry/default/a');
  equal(keyOf({ ...CLAIM, version: 'v1beta1', namespace: 'default' }), keyOf(CLAIM));
  equal(keyOf({ ...CLAIM, name: undefined }), undefined);
});

test('the kinds of Services and their endpoints', () => {
  equal(keyOf({ ...CLAIM, group: '', kind: 'Service' }), '/Service/default/a');
  equal(
    keyOf({ ...CLAIM, group: 'discovery.k8s.io', kind: 'EndpointSlice' }),
    'discovery.k8s.io/EndpointSlice/default/a',
  );
  equal(keyOf({ ...CLAIM, group: '', kind: 'Endpoints' }), undefined);
});

test('a cluster-wide resource has no namespace', () => {
  equal(keyOf({ ...CLAIM, group: '', kind: 'Namespace', namespace: 'x' }), '/Namespace//a');
});

for (const [says, claim, message] of [
  ['a kind of somebody else', { group: 'apps', kind: 'Deployment' }, 'kind Deployment of apps/v1 is not read: ignored'],
  [
    'a misspelt kind',
    { kind: 'ServiceEntri' },
    'kind ServiceEntri of networking.istio.io/v1 is not read: ignored; did you mean "ServiceEntry"?',
  ],
  [
    'a misspelt group',
    { group: 'networking.istio.oi' },
    'kind ServiceEntry of networking.istio.oi/v1 is not read: ignored; did you mean apiVersion networking.istio.io/v1?',
  ],
  [
    'a core kind with a group',
    { group: 'core', kind: 'Pod' },
    'kind Pod of core/v1 is not read: ignored; did you mean apiVersion v1?',
  ],
  ['a kind of the core group', { group: '', kind: 'Secret' }, 'kind Secret of v1 is not read: ignored'],
] as const) {
  test(says, () => {
    equal(kindOf({ ...CLAIM, ...claim }), undefined);
    equal(unknownKind({ ...CLAIM, ...claim }), message);
  });
}

test('a bad head does not hide what is wrong below it', () => {
  const yaml = 'apiVersion: networking.istio.io/v9\nkind: ServiceEntry\nmetadata: {name: A}\nspec: {hosts: ["*"]}\n';
  const paths = readDocuments('a.yaml', yaml).flatMap(({ problems }) => problems.map(({ path }) => path));
  deepEqual(paths, ['apiVersion', 'metadata.name', 'spec.hosts[0]']);
});
