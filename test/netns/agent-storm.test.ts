/** 100 000 connects in a loop while the rules are applied ten times: not one arrives unjudged. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Captured, capturedLab } from '../support/lab/captured.ts';
import { outcomeText } from '../support/lab/run.ts';

const CONNECTS = 100_000;
const STORM = fileURLToPath(new URL('../support/clients/storm.ts', import.meta.url));

let world: Captured;
before(async () => {
  world = await capturedLab();
});
after(() => world.lab.close());

test(`${CONNECTS} connects, ten applies: the origins and the wire outside see none of them`, async () => {
  const { lab } = world;
  const packets = await lab.packets('ext', 'tcp and (src net 198.18.0.0/15 or src net fd00::/8)');
  const storms = ['203.0.113.21', '2001:db8:ee::21'].map((host) =>
    lab.exec('pod', [process.execPath, STORM, String(CONNECTS / 2), '64', host, '8080'], { limitMs: 180_000 }),
  );
  let running = true;
  const ended = Promise.all(storms).finally(() => {
    running = false;
  });
  for (let times = 0; times < 10; times++) await lab.applyInit();
  assert.ok(running, 'the storm was over before the last apply: it must last longer to prove anything');
  for (const outcome of await ended) {
    const ends: unknown = JSON.parse(outcome.stdout);
    assert.ok(typeof ends === 'object' && ends !== null, outcomeText(outcome));
    const told = JSON.stringify(ends);
    const total = Object.values(ends).reduce<number>((sum, each) => sum + Number(each), 0);
    assert.equal(total, CONNECTS / 2, told);
    assert.deepEqual(
      Object.keys(ends).filter((end) => end.startsWith('answered')),
      [],
      told,
    );
    assert.ok('ECONNRESET' in ends, told);
  }
  assert.deepEqual(lab.seen(), []);
  assert.deepEqual((await packets.stop()).lines, []);
});
