/** Random conversations through the gate: what comes of each request is the same with and without leases. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { noFlowLeft, type Talked, talkAll } from '../support/clients/captured-pod.ts';
import { asked, gateWorld, ONE } from '../support/clients/gate-world.ts';
import { misfit } from '../support/corpus/patterns.ts';
import { randomConversations } from '../support/corpus/random-conversations.ts';
import type { AccessLine } from '../support/lab/agent.ts';
import type { Captured } from '../support/lab/captured.ts';
import { waitFor } from '../support/lab/wait.ts';

const COUNT = 400;
const AT_ONCE = 100;

/** Told with each failure: the same seed makes the same conversations. */
const seed = Date.now() % 2 ** 31;
const conversations = randomConversations(COUNT, seed);
const wanted = conversations.reduce((sum, { lines }) => sum + lines.length, 0);

for (const lease of ['on', 'off'] as const) {
  describe(`--lease ${lease}, seed ${seed}`, () => {
    let world: Captured;
    let told: readonly Talked[];
    before(async () => {
      world = await gateWorld(lease);
      told = await talkInTurns(world);
    });
    after(() => world.lab.close());

    test(`${COUNT} clients got exactly the answers to their requests`, () => {
      for (const [at, { received, end, stuckAt }] of told.entries()) {
        const problem = misfit(received, conversations[at]?.pattern ?? []);
        assert.equal(problem, undefined, `conversation ${at}, stuck at step ${stuckAt}, ended ${end}`);
        assert.equal(end, 'fin', `conversation ${at}`);
      }
    });

    test(`each of ${wanted} requests has its line`, async () => {
      const lines = (): readonly AccessLine[] =>
        world.lab.accessLines().filter(({ reason }) => reason !== 'self-proof');
      await waitFor('all lines', () => lines().length >= wanted, { told: () => `${lines().length} of ${wanted}` });
      const byClient = Map.groupBy(lines(), (line) => line['downstream_remote_address']);
      for (const [at, { local }] of told.entries()) {
        assert.deepEqual((byClient.get(local) ?? []).map(lineText), conversations[at]?.lines, `conversation ${at}`);
      }
    });

    test('the origins were asked what was let through, and nothing else', () => {
      const seen = [...asked(world, 'one'), ...asked(world, 'two')].flat();
      assert.deepEqual(seen.sort(), conversations.flatMap((each) => each.asked).sort());
    });

    test('no flow is left', () => noFlowLeft(world.lab));
  });
}

async function talkInTurns({ lab }: Captured): Promise<readonly Talked[]> {
  const told: Talked[] = [];
  for (let at = 0; at < COUNT; at += AT_ONCE) {
    const some = conversations.slice(at, at + AT_ONCE);
    const scripts = some.map(({ steps }, nth) => {
      return { host: ONE[nth % 2] ?? '', port: 80, steps, limitMs: 20_000 };
    });
    told.push(...(await talkAll(lab, scripts)));
  }
  return told;
}

/** As the conversations tell it. The body of a refusal is ours. */
function lineText(line: AccessLine): string {
  const { reason, response_code: status } = line;
  const own = reason !== 'granted';
  const named = status === 400 ? [null, null, null] : [line['method'], line['authority'], line['path']];
  const sent = own ? 'own' : line['bytes_sent'];
  return [...named, status, reason, line['bytes_received'], sent, line['user_agent']].join(' ');
}
