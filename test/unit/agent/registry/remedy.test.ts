import { equal, match, ok } from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { FlowFacts } from '../../../../agent/model/flow.ts';
import { compile, EMPTY_RESOURCES } from '../../../../agent/registry/compile.ts';
import { decide } from '../../../../agent/registry/decide.ts';
import type { Grant } from '../../../../agent/registry/model.ts';
import { remedyFor } from '../../../../agent/registry/remedy.ts';
import { readDocuments } from '../../../../agent/sources/documents.ts';
import { flows, shown } from './arbitraries.ts';
import { assumed, flow, grant, hostname, http, MESH, OPAQUE, type Said, tls } from './builders.ts';

const NOWHERE = { addresses: new Set<never>(), clusterCidrs: [] };

function remedyOf(grants: readonly Grant[], facts: FlowFacts, toName?: string): string | undefined {
  const registry = compile({ ...EMPTY_RESOURCES, grants }, 1);
  const decision = decide(registry, MESH, facts);
  ok(decision.kind === 'deny', `refused, not ${JSON.stringify(decision)}`);
  return remedyFor(facts, decision, toName === undefined ? undefined : hostname(toName), NOWHERE);
}

/** The one grant of the YAML, read as a folder's file is; it must be free of errors. */
function grantIn(yaml: string): Grant {
  const documents = readDocuments('remedy.yaml', yaml);
  const errors = documents.flatMap(({ problems }) => problems.filter(({ severity }) => severity === 'error'));
  equal(errors.length, 0, JSON.stringify(errors));
  equal(documents.length, 1);
  const contribution = documents[0]?.contribution;
  ok(contribution?.kind === 'grant', 'one grant');
  return contribution.grant;
}

function admits(yaml: string, grants: readonly Grant[], facts: FlowFacts): boolean {
  const registry = compile({ ...EMPTY_RESOURCES, grants: [...grants, grantIn(yaml)] }, 2);
  return decide(registry, MESH, facts).kind === 'allow';
}

const OTHERS: readonly Said[] = [
  { name: 'hidden', hosts: ['a.test'], ports: ['80 http', '443 tls'], to: ['elsewhere'] },
  { name: 'swapped', hosts: ['b.test'], ports: ['80 tls', '443 http'] },
  { name: 'one', hosts: ['db.test'], ports: ['81 tcp'], addresses: ['192.0.2.1'] },
  { name: 'kept', hosts: ['*.x.a.test'], ports: ['80 http'], reach: 'original' },
];

test('the remedy admits the very flow that was refused', () => {
  let remedied = 0;
  fc.assert(
    fc.property(flows, fc.subarray([...OTHERS]), fc.constantFrom(undefined, 'a.test'), (facts, others, toName) => {
      const known = { ...facts, answers: assumed(toName ?? null) };
      const grants = others.map(grant);
      const registry = compile({ ...EMPTY_RESOURCES, grants }, 1);
      if (decide(registry, MESH, known).kind !== 'deny') return;
      const yaml = remedyOf(grants, known, toName);
      if (yaml === undefined) return ok(facts.destination.ip === undefined && toName === undefined, 'nothing to name');
      remedied++;
      ok(admits(yaml, grants, known), `${JSON.stringify(known)}\n${yaml}`);
    }),
    { numRuns: 1_000 },
  );
  ok(remedied > 300, `only ${remedied} flows had a remedy`);
});

test('the remedy admits nobody of another namespace', () => {
  fc.assert(
    fc.property(shown, (evidence) => {
      const facts = flow('203.0.113.1:80', evidence, assumed(null));
      const yaml = remedyOf([], facts);
      const stranger = flow('203.0.113.1:80', evidence, assumed(null), 'bank');
      equal(yaml !== undefined && admits(yaml, [], stranger), false);
    }),
  );
});

test('a name of any length gives a resource with a name that Kubernetes takes', () => {
  const label = fc.stringMatching(/^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/);
  fc.assert(
    fc.property(fc.array(label, { minLength: 1, maxLength: 4 }), (labels) => {
      const facts = flow(
        '203.0.113.1:80',
        http(
          `${labels
            .join('.')
            .slice(0, 240)
            .replace(/[-.]+$/, '')}.test`,
        ),
      );
      ok(admits(remedyOf([], facts) ?? '', [], facts));
    }),
  );
});

test('by name it is resolved by ourselves, by address it keeps the address', () => {
  match(remedyOf([], flow('203.0.113.1:80', http('api.test'))) ?? '', /- "api\.test"[^]*HTTP\n {2}resolution: DNS/);
  match(remedyOf([], flow('203.0.113.1:443', tls('api.test'))) ?? '', /TLS\n {2}resolution: DNS/);
  match(
    remedyOf([], flow('203.0.113.1:443', tls(undefined))) ?? '',
    /"203\.0\.113\.1\/32"[^]*TCP\n {2}resolution: NONE/,
  );
  match(remedyOf([], flow('[2001:db8::1]:22', OPAQUE)) ?? '', /"2001:db8::1\/128"[^]*TCP\n {2}resolution: NONE/);
});

test('there is none for an unknown source, nor for an address that is never dialled', () => {
  equal(remedyOf([], { ...flow('203.0.113.1:80', http('api.test')), source: { kind: 'unknown' } }), undefined);
  equal(remedyOf([], flow('169.254.169.254:80', OPAQUE)), undefined);
  equal(remedyOf([], flow('[::1]:80', OPAQUE)), undefined);
  match(
    remedyOf([], flow('169.254.169.254:80', http('api.test'))) ?? '',
    /api\.test/,
    'the name is resolved elsewhere',
  );
});
