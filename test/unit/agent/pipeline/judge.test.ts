import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { Allow, Route, WeightedRoute } from '../../../../agent/model/verdict.ts';
import { FirstLook } from '../../../../agent/pipeline/first-look.ts';
import { judge, oneOf } from '../../../../agent/pipeline/judge.ts';
import { registryOf, type Said } from '../registry/builders.ts';
import { Conversations } from '../relay/conversations.ts';
import { ascii, concat, fixture } from '../wire/settling.ts';
import { identified, Staged } from './staged.ts';

const NAMED: Said = { hosts: ['a.test'], ports: ['80 http'] };
const ALL_TCP: Said = { hosts: ['tcp.test'], ports: ['80 tcp'] };
const ELSEWHERE: Said = { hosts: ['a.test'], ports: ['81 http'] };
const GET = ascii('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n');
const HEADER = fixture('proxy-v2/v4.bin');

/** The greatest that Math.random gives. */
const LAST = 1 - 2 ** -53;

function allowed(...weights: readonly number[]): Allow & { readonly split: readonly WeightedRoute[] } {
  const split = weights.map((weight, at) => ({ weight, route: routeOf(at) }));
  return { kind: 'allow', reason: 'granted', route: routeOf(0), split, matched: [], dependsOn: [] };
}

function routeOf(at: number): Route {
  return { via: 'direct', dial: 'name', targets: [], cluster: String(at) };
}

function taken(allow: Allow, random: number): string {
  return oneOf(allow, random).route.cluster;
}

test('without a split there is but one, and nothing is changed', () => {
  const { split: _, ...allow } = allowed(1);
  equal(oneOf(allow, LAST), allow);
});

test('of several one is taken, all else of the verdict stays', () => {
  const allow = allowed(50, 50);
  deepEqual(oneOf(allow, 0.5), { ...allow, route: routeOf(1) });
});

for (const [weights, random, want] of [
  [[90, 10], 0, 0],
  [[90, 10], 0.899, 0],
  [[90, 10], 0.9, 1],
  [[90, 10], LAST, 1],
  [[1, 1, 1], 0.34, 1],
  [[0, 1], 0, 1],
  [[1, 0], LAST, 0],
  [[0, 100, 0], 0, 1],
  [[0, 100, 0], LAST, 1],
  [[7], 0, 0],
  [[7], LAST, 0],
] as const) {
  test(`of weights ${weights.join(', ')} at ${random}: number ${want}`, () => {
    equal(taken(allowed(...weights), random), String(want));
  });
}

test('each gets its share, to the last request', () => {
  const counts = [0, 0, 0, 0];
  const allow = allowed(5, 0, 70, 25);
  for (let at = 0; at < 1_000; at++) {
    const cluster = Number(taken(allow, at / 1_000));
    counts[cluster] = (counts[cluster] ?? 0) + 1;
  }
  deepEqual(counts, [50, 0, 700, 250]);
});

test('whatever the weights, one that has any is taken, and none without', () => {
  const weight = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 100 }), fc.nat(2 ** 31 - 1));
  const random = fc.oneof(
    fc.constantFrom(0, 2 ** -53, 0.5, LAST),
    fc.integer({ min: 0, max: 2 ** 53 - 1 }).map((n) => n * 2 ** -53),
  );
  fc.assert(
    fc.property(fc.array(weight, { minLength: 1, maxLength: 6 }), random, (weights, at) => {
      fc.pre(weights.some((each) => each > 0));
      ok((weights[Number(taken(allowed(...weights), at))] ?? 0) > 0);
    }),
  );
});

for (const [says, grants] of [
  ['where its request would be admitted', [NAMED]],
  ['where every byte would be', [ALL_TCP]],
  ['where nothing would be', []],
  ['where a name would be on another port', [ELSEWHERE]],
] as const satisfies readonly (readonly [string, readonly Said[]])[]) {
  test(`a header of somebody who may not say one ends the flow, ${says}`, async (t) => {
    const conversations = new Conversations(t);
    const { stages } = new Staged(registryOf(grants));
    const untrusted = { code: 'preamble-untrusted', httpStatus: undefined, flag: '-' };
    for (const bytes of [concat(HEADER, GET), HEADER, HEADER.with(12, 0x20)]) {
      const { conversation } = await conversations.open('x');
      const look = new FirstLook(conversation, { bytes, ended: false }, 'anything', 'preamble');
      const judgement = await judge(identified(conversation), look, stages);
      deepEqual(judgement, { kind: 'failed', failure: untrusted });
      conversation.close('rst');
    }
  });
}

test('the beginning of one that goes no further is not waited for as silence', async (t) => {
  const { client, conversation } = await new Conversations(t).open();
  client.write(HEADER.subarray(0, 14));
  const { stages } = new Staged(registryOf([ALL_TCP, { ...NAMED, name: 'named' }]));
  const look = new FirstLook(conversation, undefined, 'anything', 'preamble');
  const judgement = await judge(identified(conversation), look, { ...stages, sniffDeadlineMs: 30 });
  equal(judgement.kind === 'failed' && judgement.failure.code, 'preamble-untrusted');
});

test('a request of the same client is judged', async (t) => {
  const { conversation } = await new Conversations(t).open('x');
  const { stages } = new Staged(registryOf([NAMED]));
  const look = new FirstLook(conversation, { bytes: GET, ended: false }, 'anything', 'preamble');
  const judgement = await judge(identified(conversation), look, stages);
  ok(judgement.kind === 'judged');
  const { verdict, request, generation } = judgement.flow;
  deepEqual([verdict.kind, request?.target, generation], ['allow', '/', 1]);
});
