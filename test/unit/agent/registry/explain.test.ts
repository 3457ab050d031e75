import { deepEqual, equal, match, throws } from 'node:assert/strict';
import { test } from 'node:test';
import type { FlowFacts } from '../../../../agent/model/flow.ts';
import { type Explanation, explain } from '../../../../agent/registry/explain.ts';
import type { Mode } from '../../../../agent/registry/model.ts';
import { assumed, cidr, flow, http, MESH, OPAQUE, OPEN, registryOf, type Said, tls } from './builders.ts';

const HTTP: Said = { name: 'web', hosts: ['api.test'], ports: ['80 http'] };
const OWN = { addresses: new Set<never>(), clusterCidrs: [cidr('198.18.64.0/18')] };

function explained(given: readonly Said[], facts: FlowFacts, mode?: Mode): Explanation {
  return explain(registryOf(given, mode), MESH, { ...facts, answers: assumed(null) }, OWN, undefined).answer;
}

function brief({ verdict, via, dial, status, reason }: Explanation): readonly unknown[] {
  return [verdict, via, dial, status, reason];
}

test('an allow says how the destination is reached, and has neither status nor remedy', () => {
  const answer = explained([HTTP], flow('203.0.113.1:80', http('api.test')));
  deepEqual(answer, {
    verdict: 'allow',
    via: 'direct',
    dial: 'name',
    status: null,
    reason: 'granted',
    matched: [{ kind: 'ServiceEntry', namespace: 'shop', name: 'web' }],
    remedy: null,
    problems: [],
    trace: [
      'ServiceEntry shop/web admits Host api.test on port 80 (http)',
      'dialled: an address of api.test by our own resolution, port 80',
    ],
  });
});

test('only a refused HTTP flow has a status', () => {
  const refused = (facts: FlowFacts) => brief(explained([], facts));
  deepEqual(refused(flow('203.0.113.1:80', http('x.test'))), ['deny', null, null, 502, 'not-listed']);
  deepEqual(refused(flow('203.0.113.1:443', tls('x.test'))), ['deny', null, null, null, 'not-listed']);
  deepEqual(refused(flow('203.0.113.1:22', OPAQUE)), ['deny', null, null, null, 'not-listed']);
});

test('a deny has a remedy', () => {
  match(explained([], flow('203.0.113.1:80', http('x.test'))).remedy ?? '', /kind: ServiceEntry/);
});

test('ALLOW_ANY dials the original destination', () => {
  const answer = explained([], flow('203.0.113.1:22', OPAQUE), 'ALLOW_ANY');
  deepEqual(brief(answer), ['allow', 'direct', 'original', null, 'allow-any']);
  equal(answer.trace.at(-1), 'the address that the client dialled is dialled');
});

test('an original destination that is never dialled is refused', () => {
  for (const to of ['127.0.0.1:80', '169.254.169.254:80', '[::1]:80', '198.18.64.7:80']) {
    const answer = explained([], flow(to, http('x.test')), 'ALLOW_ANY');
    deepEqual(brief(answer), ['deny', null, null, 502, 'address-forbidden'], to);
    equal(answer.remedy, null);
  }
});

test('so is an endpoint, if there is no other', () => {
  const facts = flow('203.0.113.1:80', http('api.test'));
  const forbidden = explained([{ ...HTTP, reach: ['127.0.0.1', '::1'] }], facts);
  deepEqual(brief(forbidden), ['deny', null, null, 503, 'address-forbidden']);
  equal(forbidden.matched.length, 1);
  match(forbidden.trace.at(-1) ?? '', /127\.0\.0\.1, ::1 is never dialled .*loopback, loopback/);
  deepEqual(brief(explained([{ ...HTTP, reach: ['127.0.0.1', '198.18.0.1'] }], facts)), [
    'allow',
    'direct',
    'name',
    null,
    'granted',
  ]);
  equal(explained([{ ...HTTP, reach: ['127.0.0.1', 'backend.test'] }], facts).verdict, 'allow');
});

test('a grant without endpoints is allowed, and its problem is named', () => {
  const answer = explained([{ ...HTTP, reach: [] }], flow('203.0.113.1:80', http('api.test')));
  equal(answer.verdict, 'allow');
  deepEqual(answer.problems, ['no endpoint is known: the dial fails with 503 (UH)']);
  equal(answer.trace.at(-1), 'dialled: nothing, there is no endpoint');
});

test('an unknown address of a name is not judged', () => {
  deepEqual(brief(explained([], flow(':80', OPAQUE), 'ALLOW_ANY')), ['allow', 'direct', 'original', null, 'allow-any']);
});

test('a question without evidence is a fault of the caller', () => {
  throws(() => explained([HTTP], flow('203.0.113.1:80', OPEN)), /missing: http-head/);
});
