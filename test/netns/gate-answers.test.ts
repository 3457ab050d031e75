/** A thousand answers unlike each other: nothing of them changes on the way but for the line that is put in. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { noFlowLeft, type Talked, talkAll } from '../support/clients/captured-pod.ts';
import { answerPattern, endOf, splitAnswer } from '../support/corpus/patterns.ts';
import { type RandomAnswer, randomAnswers } from '../support/corpus/random-answers.ts';
import { ADDRESSES, CORPUS_CONFIG, type CorpusWorld, corpusWorld } from '../support/corpus/world.ts';

const COUNT = 1_000;
const TO_A_CONNECTION = 50;
const ADDED = /x-envoy-upstream-service-time: [0-9]+\r\n/g;

/** Told with each failure: the same seed makes the same answers. */
const seed = Date.now() % 2 ** 31;
const answers = randomAnswers(COUNT, seed);
const conversations = Array.from({ length: COUNT / TO_A_CONNECTION }, (_, at) =>
  answers.slice(at * TO_A_CONNECTION, (at + 1) * TO_A_CONNECTION),
);

let world: CorpusWorld;
before(async () => {
  const planned = answers.map(({ method, bytes }, at) => {
    const { length } = requestFor(method, at);
    return [`/random-${at}`, { afterBytes: length, bytes: length, answer: bytes, afterwards: 'keeps' }] as const;
  });
  world = await corpusWorld(Object.fromEntries(planned));
});
after(() => world.lab.close());

for (const [says, args] of [
  ['with the line', []],
  ['with --no-upstream-time, and nothing is put in', ['--no-upstream-time']],
] as const) {
  test(`${COUNT} random answers (seed ${seed}) ${says}`, async () => {
    const agent = await world.lab.startAgent({ config: CORPUS_CONFIG, args });
    if (args.length === 0) await world.lab.applyInit();
    const adds = args.length === 0;
    const all = await talkAll(
      world.lab,
      conversations.map((each, at) => ({
        host: ADDRESSES.raw[at % 2] ?? '',
        port: 80,
        limitMs: 30_000,
        steps: [
          ...each.flatMap(({ method, bytes }, nth) => [
            { send: requestFor(method, at * TO_A_CONNECTION + nth) },
            { expect: endOf(answerPattern(bytes, adds)) },
          ]),
          { half: 'close' as const },
          { until: 'end' as const },
        ],
      })),
    );
    for (const [at, told] of all.entries()) sameAs(conversations[at] ?? [], told, adds);
    await noFlowLeft(world.lab);
    assert.equal(await agent.stop(), 0);
  });
}

function sameAs(sent: readonly RandomAnswer[], told: Talked, adds: boolean): void {
  const where = `seed ${seed}, stuck at step ${told.stuckAt}, ended ${told.end}`;
  const lines = told.received.match(ADDED)?.length ?? 0;
  assert.equal(lines, adds ? sent.length : 0, where);
  assert.equal(digest(told.received.replaceAll(ADDED, '')), digest(sent.map(({ bytes }) => bytes).join('')), where);
  // Not only somewhere: behind the status line of the final answer.
  let at = 0;
  for (const { bytes } of sent) {
    const { interim, final } = splitAnswer(bytes);
    const line = at + interim.length + final.indexOf('\r\n') + 2;
    const added = adds
      ? (/^x-envoy-upstream-service-time: [0-9]+\r\n/.exec(told.received.slice(line, line + 60))?.[0] ?? '')
      : '';
    assert.equal(added !== '', adds, where);
    at += bytes.length + added.length;
  }
  assert.equal(told.end, 'fin', where);
}

function requestFor(method: string, at: number): string {
  return `${method} /random-${at} HTTP/1.1\r\nHost: corpus.test\r\n\r\n`;
}

function digest(bytes: string): string {
  return createHash('sha256').update(bytes, 'latin1').digest('hex');
}
