import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { compile, EMPTY_RESOURCES } from '../../../../agent/registry/compile.ts';
import { decide } from '../../../../agent/registry/decide.ts';
import { flow, grant, http, MESH, registryOf, type Said } from './builders.ts';

function winner(given: readonly Said[]): string | undefined {
  const decision = decide(registryOf(given), MESH, flow('203.0.113.1:80', http('api.test'), undefined, 'elsewhere'));
  return decision.kind === 'allow' ? decision.matched[0]?.name : undefined;
}

const HTTP: Said = { hosts: ['api.test'], ports: ['80 http'] };

test('nothing configured is REGISTRY_ONLY, without a resource that says so', () => {
  const { mode, modeRef, ports, generation } = compile(EMPTY_RESOURCES, 7);
  deepEqual([mode, modeRef, ports.size, generation], ['REGISTRY_ONLY', undefined, 0, 7]);
});

test('the oldest wins, in whatever order they come; without a date the name decides, and comes last', () => {
  const old = { ...HTTP, name: 'z-old', createdAt: 1 };
  const young = { ...HTTP, name: 'a-young', createdAt: 2 };
  const dateless = { ...HTTP, name: 'a-dateless' };
  const last = { ...HTTP, name: 'b-dateless' };
  equal(winner([old, young, dateless]), 'z-old');
  equal(winner([dateless, young, old]), 'z-old');
  equal(winner([last, dateless]), 'a-dateless');
  equal(winner([dateless, last]), 'a-dateless');
  equal(winner([dateless, young]), 'a-young');
  equal(winner([dateless, dateless]), 'a-dateless');
});

test('the set that was given is left as it was', () => {
  const grants = [grant({ ...HTTP, name: 'b', createdAt: 2 }), grant({ ...HTTP, name: 'a', createdAt: 1 })];
  compile({ ...EMPTY_RESOURCES, grants }, 1);
  deepEqual(
    grants.map(({ ref }) => ref.name),
    ['b', 'a'],
  );
});
