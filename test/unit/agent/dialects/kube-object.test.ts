import { deepEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { claimOf, kubeObjectOf } from '../../../../agent/dialects/kube-object.ts';
import { type Row, serviceEntry, soundDocument, testRows } from './marked-document.ts';

const SPEC = '  hosts: [a.example]\n  ports: [{number: 80, name: http, protocol: HTTP}]\n  resolution: DNS\n';

function head(says: string, from: string, to: string, path: string, message: RegExp): Row {
  return { says, yaml: serviceEntry(SPEC).replace(from, to), path, message };
}

testRows([
  { says: 'a list', yaml: '▶- a\n- b\n', path: '', message: /not a Kubernetes object; expected a mapping/ },
  { says: 'text', yaml: '▶hello\n', path: '', message: /not a Kubernetes object/ },
  { says: 'a number', yaml: '---\n▶1\n', path: '', message: /not a Kubernetes object/ },
  {
    says: 'a mapping of something else',
    yaml: '▶global: {scrape_interval: 5s}\n',
    path: 'apiVersion',
    message: /missing; expected its apiVersion/,
  },
  head('no apiVersion', 'apiVersion: networking.istio.io/v1\n', '▶', 'apiVersion', /missing/),
  head('an apiVersion that is a number', 'networking.istio.io/v1', '▶1', 'apiVersion', /found the number 1/),
  head(
    'no kind',
    'apiVersion: networking.istio.io/v1\nkind: ServiceEntry',
    '▶apiVersion: networking.istio.io/v1',
    'kind',
    /missing; expected its kind/,
  ),
  head('an empty kind', 'ServiceEntry', '▶""', 'kind', /found the text ""/),
  head(
    'a version that nobody knows',
    'networking.istio.io/v1',
    '▶networking.istio.io/v2',
    'apiVersion',
    /version v2; expected v1, v1beta1, v1alpha3/,
  ),
  head(
    'no metadata',
    'apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata:\n  name: row\n  namespace: shop\n',
    '▶apiVersion: networking.istio.io/v1\nkind: ServiceEntry\n',
    'metadata',
    /missing; expected the metadata/,
  ),
  head(
    'metadata is text',
    'metadata:\n  name: row\n  namespace: shop',
    'metadata: ▶row',
    'metadata',
    /found the text "row"/,
  ),
  head('no name', 'metadata:\n  name: row', '▶metadata:', 'metadata.name', /missing; expected a name/),
  head('a name with capitals', 'row', '▶Row', 'metadata.name', /lower-case/),
  head('a name that is a number', 'row', '▶1', 'metadata.name', /text\), found the number 1/),
  head('a name of 254 characters', 'row', `▶${'a'.repeat(254)}`, 'metadata.name', /253/),
  head('a namespace with a dot', 'shop', '▶a.b', 'metadata.namespace', /a namespace/),
  head('a namespace of 64 characters', 'shop', `▶${'a'.repeat(64)}`, 'metadata.namespace', /63/),
  head('labels that are a list', 'namespace: shop', 'namespace: shop\n  labels: ▶[a]', 'metadata.labels', /mapping/),
  head(
    'annotations that are text',
    'namespace: shop',
    'namespace: shop\n  annotations: ▶a',
    'metadata.annotations',
    /expected annotations \(a mapping\), found the text "a"/,
  ),
  head(
    'an annotation that is a number',
    'namespace: shop',
    'namespace: shop\n  annotations:\n    a/b: ▶1',
    'metadata.annotations["a/b"]',
    /expected the value of an annotation \(text\), found the number 1/,
  ),
  head(
    'a time without date',
    'namespace: shop',
    'namespace: shop\n  creationTimestamp: ▶"12:00"',
    'metadata.creationTimestamp',
    /RFC 3339/,
  ),
  head(
    'the 13th month',
    'namespace: shop',
    'namespace: shop\n  creationTimestamp: ▶2026-13-01T00:00:00Z',
    'metadata.creationTimestamp',
    /RFC 3339/,
  ),
]);

testRows([
  {
    ...head(
      'a misspelt namespace',
      'namespace: shop',
      '▶namspace: shop',
      'metadata.namspace',
      /did you mean "namespace"/,
    ),
    severity: 'warning',
  },
  {
    ...head(
      'a field beside the spec',
      'spec:',
      '▶exportTo: ["."]\nspec:',
      'exportTo',
      /unknown field: it has no effect/,
    ),
    severity: 'warning',
  },
  {
    ...head('a misspelt status', 'spec:', '▶statuss: {}\nspec:', 'statuss', /did you mean "status"/),
    severity: 'warning',
  },
]);

test('the rest of ObjectMeta is no surprise', () => {
  const more = 'uid: x\n  generation: 3\n  managedFields: []\n  annotations: {a: b}';
  soundDocument(serviceEntry(SPEC).replace('namespace: shop', `namespace: shop\n  ${more}`));
});

test('annotations are read as they are; absent or null is none', () => {
  const annotationsOf = (annotations: unknown) =>
    kubeObjectOf({ metadata: { name: 'a', annotations } }, 'Pod', 'namespaced').object?.annotations;
  deepEqual(annotationsOf({ 'a.example/b_c': '', d: 'x\ny' }), { 'a.example/b_c': '', d: 'x\ny' });
  deepEqual([annotationsOf(undefined), annotationsOf(null)], [{}, {}]);
});

test('what is not looked at in metadata may be anything', () => {
  deepEqual(claimOf({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a', finalizers: 3 } }), {
    group: '',
    version: 'v1',
    kind: 'Pod',
    name: 'a',
    namespace: undefined,
  });
});

test('a claim without a name that can be read', () => {
  const name = (metadata: unknown) => {
    const claim = claimOf({ apiVersion: 'v1', kind: 'Pod', metadata });
    return 'severity' in claim ? claim : claim.name;
  };
  deepEqual(
    [name({ name: 3 }), name({ name: '' }), name('a'), name(undefined)],
    [undefined, undefined, undefined, undefined],
  );
});
