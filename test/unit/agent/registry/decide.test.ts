import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { decide } from '../../../../agent/registry/decide.ts';
import { assumed, ech, flow, HTTP2, http, MESH, OPAQUE, OPEN, registryOf, SILENT, tls } from './builders.ts';
import { HTTP, KEPT, rowsOf, SOME, said, TLS } from './decide-rows.ts';

rowsOf('nothing listed', [
  { says: 'open: refused at once', given: [], to: `${SOME}:80`, shows: OPEN, want: 'deny not-listed' },
  { says: 'HTTP is refused', given: [], to: `${SOME}:80`, shows: http('api.test'), want: 'deny not-listed' },
  { says: 'TLS is refused', given: [], to: `${SOME}:443`, shows: tls('api.test'), want: 'deny not-listed' },
  { says: 'ECH is refused', given: [], to: `${SOME}:443`, shows: ech('api.test'), want: 'deny not-listed' },
  { says: 'HTTP/2 is refused', given: [], to: `${SOME}:80`, shows: HTTP2, want: 'deny not-listed' },
  { says: 'opaque is refused', given: [], to: `${SOME}:22`, shows: OPAQUE, want: 'deny not-listed' },
  { says: 'silence is refused', given: [], to: `${SOME}:22`, shows: SILENT, want: 'deny not-listed' },
  { says: 'ALLOW_ANY: at once', given: [], mode: 'ALLOW_ANY', to: `${SOME}:22`, shows: OPEN, want: 'allow-any' },
  { says: 'IPv6 is refused', given: [], to: '[2001:db8::9]:80', shows: http('api.test'), want: 'deny not-listed' },
]);

rowsOf('with the evidence open', [
  { says: 'an HTTP rule: the head', given: [HTTP], to: `${SOME}:80`, shows: OPEN, want: 'need http-head' },
  { says: 'a TLS rule: the name', given: [TLS], to: `${SOME}:443`, shows: OPEN, want: 'need tls-name' },
  {
    says: 'both, and a rule that needs neither',
    given: [{ ...HTTP, ports: ['80 http', '80 tls', '80 tcp'] }],
    to: `${SOME}:80`,
    shows: OPEN,
    want: 'need http-head tls-name may pass without',
  },
  {
    says: 'ALLOW_ANY passes without',
    given: [HTTP],
    mode: 'ALLOW_ANY',
    to: `${SOME}:80`,
    shows: OPEN,
    want: 'need http-head may pass without',
  },
  { says: 'a rule elsewhere says nothing here', given: [HTTP], to: `${SOME}:81`, shows: OPEN, want: 'deny not-listed' },
]);

rowsOf('exportTo and age', [
  {
    says: 'a namespace that is named',
    given: [{ ...HTTP, to: ['shop'] }],
    to: `${SOME}:80`,
    shows: http('api.test'),
    want: 'name api.test:80',
  },
  {
    says: 'one that is not',
    given: [{ ...HTTP, to: ['shop'] }],
    to: `${SOME}:80`,
    shows: http('api.test'),
    from: 'other',
    want: 'deny not-listed',
  },
  {
    says: 'one that sees no name rule there is refused at once',
    given: [{ ...HTTP, to: ['shop'] }],
    to: `${SOME}:80`,
    shows: OPEN,
    from: 'other',
    want: 'deny not-listed',
  },
  {
    says: "the source's own namespace before an older one",
    given: [
      { ...HTTP, name: 'old', namespace: 'other', ports: ['80 http 81'], createdAt: 1 },
      { ...HTTP, name: 'own', namespace: 'shop', ports: ['80 http 82'], createdAt: 2 },
    ],
    to: `${SOME}:80`,
    shows: http('api.test'),
    want: 'name api.test:82',
  },
  {
    says: 'the oldest among foreign ones',
    given: [
      { ...HTTP, name: 'a', namespace: 'one', ports: ['80 http 81'], createdAt: 2 },
      { ...HTTP, name: 'b', namespace: 'two', ports: ['80 http 82'], createdAt: 1 },
    ],
    to: `${SOME}:80`,
    shows: http('api.test'),
    want: 'name api.test:82',
  },
]);

rowsOf('endpoints', [
  {
    says: 'STATIC: the endpoint and the port of the rule',
    given: [{ ...HTTP, reach: ['198.18.0.1'] }],
    to: `${SOME}:80`,
    shows: http('api.test'),
    want: 'endpoint 198.18.0.1:80',
  },
  {
    says: 'a port of the endpoint goes before the target port',
    given: [{ ...HTTP, ports: ['80 http 81'], reach: ['198.18.0.1:8080'] }],
    to: `${SOME}:80`,
    shows: http('api.test'),
    want: 'endpoint 198.18.0.1:8080',
  },
  {
    says: 'DNS with an endpoint: its name is resolved, not the host',
    given: [{ ...HTTP, reach: ['backend.test'] }],
    to: `${SOME}:80`,
    shows: http('api.test'),
    want: 'name backend.test:80',
  },
  {
    says: 'none: it is policy that is judged, not reachability',
    given: [{ ...HTTP, reach: [] }],
    to: `${SOME}:80`,
    shows: http('api.test'),
    want: 'nowhere',
  },
]);

rowsOf('ALLOW_ANY', [
  {
    says: 'what is listed goes its way',
    given: [HTTP],
    mode: 'ALLOW_ANY',
    to: `${SOME}:80`,
    shows: http('api.test'),
    want: 'name api.test:80',
  },
  {
    says: 'what is not passes',
    given: [HTTP],
    mode: 'ALLOW_ANY',
    to: `${SOME}:80`,
    shows: http('x.test'),
    want: 'allow-any',
  },
  { says: 'HTTP/2 passes', given: [HTTP], mode: 'ALLOW_ANY', to: `${SOME}:80`, shows: HTTP2, want: 'allow-any' },
  { says: 'TLS passes', given: [TLS], mode: 'ALLOW_ANY', to: `${SOME}:443`, shows: tls(undefined), want: 'allow-any' },
]);

test('an unknown source is refused, whatever the mode and the rules', () => {
  for (const mode of ['ALLOW_ANY', 'REGISTRY_ONLY'] as const) {
    const facts = { ...flow(`${SOME}:80`, http('api.test')), source: { kind: 'unknown' } as const };
    equal(said(decide(registryOf([HTTP], mode), MESH, facts)), 'deny source-unknown');
  }
});

test('a verdict names what decided, what it depended on, and the cluster', () => {
  const allowed = decide(registryOf([HTTP]), MESH, flow(`${SOME}:80`, http('api.test')));
  ok(allowed.kind === 'allow');
  deepEqual(allowed.matched, [{ kind: 'ServiceEntry', namespace: 'shop', name: 'web' }]);
  deepEqual(allowed.dependsOn, ['source', 'port', 'http-host']);
  equal(allowed.route.cluster, 'outbound|80||api.test');
  const kept = decide(registryOf([KEPT]), MESH, flow(`${SOME}:80`, http('api.test'), assumed('api.test')));
  ok(kept.kind === 'allow');
  deepEqual(kept.dependsOn, ['source', 'port', 'http-host', 'destination', 'answers']);
  const refused = decide(registryOf([], 'REGISTRY_ONLY'), MESH, flow(`${SOME}:80`, tls('x.test')));
  ok(refused.kind === 'deny');
  equal(refused.httpStatus, 502);
  deepEqual(refused.matched, [{ kind: 'ConfigMap', namespace: 'istio-system', name: 'istio' }]);
  deepEqual(refused.dependsOn, ['source', 'port', 'tls-name', 'destination']);
  const passed = decide(registryOf([], 'ALLOW_ANY'), MESH, flow(`${SOME}:22`, OPAQUE));
  ok(passed.kind === 'allow');
  equal(passed.route.cluster, 'PassthroughCluster');
  deepEqual(passed.matched, [{ kind: 'ConfigMap', namespace: 'istio-system', name: 'istio' }]);
});

test('the trace tells each step in a sentence', () => {
  const steps: string[] = [];
  decide(registryOf([HTTP]), MESH, flow(`${SOME}:80`, http('x.test')), (step) => steps.push(step));
  deepEqual(steps, [
    'no resource that shop sees lists Host x.test on port 80 as HTTP',
    'REGISTRY_ONLY (the default, since nothing configures a mode): what no resource lists is refused',
  ]);
});
