/** 100 000 connects in a loop while the rules are applied ten times: not one arrives unjudged. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Captured, capturedLab } from '../support/lab/captured.ts';

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
    lab.spawn('pod', [process.execPath, STORM, String(CONNECTS / 2), '64', host, '8080']),
  );
  for (let times = 0; times < 10; times++) {
    // Rules that are whole are left alone by an apply: taking the capture away makes each apply program them anew, and
    // shows that the gate alone keeps everything in.
    await lab.exec('pod', [times % 2 === 0 ? 'iptables' : 'ip6tables', '-t', 'nat', '-F', 'WEIR_OUTPUT']);
    await lab.applyInit();
  }
  for (const storm of storms) storm.kill('SIGTERM');
  for (const storm of storms) {
    assert.equal(await storm.ended, 0, storm.stderr());
    const ends: unknown = JSON.parse(storm.stdout());
    assert.ok(typeof ends === 'object' && ends !== null, storm.stdout());
    const told = JSON.stringify(ends);
    const total = Object.values(ends).reduce<number>((sum, each) => sum + Number(each), 0);
    assert.ok(total >= CONNECTS / 2, told);
    assert.deepEqual(
      Object.keys(ends).filter((end) => end.startsWith('answered')),
      [],
      told,
    );
    assert.ok('ECONNRESET' in ends, `judged and refused by the agent: ${told}`);
    assert.ok('ECONNREFUSED' in ends, `refused by the gate while nothing captured: ${told}`);
  }
  assert.deepEqual(lab.seen(), []);
  assert.deepEqual((await packets.stop()).lines, []);
});
