import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { endpointText } from '../../agent/model/address.ts';
import type { AcceptedEvent } from '../../agent/model/mover.ts';
import { must, run } from '../support/lab/run.ts';
import { LOOPBACK, LoggedMover, port } from '../support/mover-log.ts';

/** A namespace like a pod's, with everything that leaves redirected to port 15001; removed behind the test. */
async function redirected(t: TestContext): Promise<{ name: string; path: string }> {
  const name = `weir-mover-${process.pid}`;
  await must(['ip', 'netns', 'add', name]);
  t.after(() => run(['ip', 'netns', 'del', name]));
  await must(['ip', '-n', name, '-batch', '-'], { input: LINKS });
  for (const tool of ['iptables', 'ip6tables']) {
    await must(['ip', 'netns', 'exec', name, `${tool}-restore`], { input: RULES });
  }
  return { name, path: `/run/netns/${name}` };
}

const LINKS = `link set lo up
link add out type veth peer name far
link set far up
link set out up
address add 198.18.3.1/24 dev out
address add fd00:3::1/64 dev out nodad
route add default dev out
route add ::/0 dev out
`;
const RULES = `*nat
-A OUTPUT -o lo -j RETURN
-A OUTPUT -p tcp -j REDIRECT --to-ports 15001
COMMIT
`;

function original(accepted: Pick<AcceptedEvent, 'original'>): string {
  return typeof accepted.original === 'string' ? accepted.original : endpointText(accepted.original);
}

test('a listener inside a namespace tells where redirected connections wanted to go', async (t) => {
  const pod = await redirected(t);
  const log = new LoggedMover(t);
  log.onAccept = ({ flow, accepted }) => {
    const seen = `${original(accepted)} from ${accepted.peer.ip}`;
    log.mover.respond(flow, Buffer.from(`HTTP/1.0 200 OK\r\ncontent-length: ${seen.length}\r\n\r\n${seen}`));
  };
  for (const family of [4, 6] as const) {
    const at = { netns: pod.path, ip: LOOPBACK[family], port: port(15_001), sharing: 'exclusive', transparent: false };
    log.mover.listen({ ...at, sharing: 'exclusive' });
  }
  const curl = async (url: string) => {
    const { stdout } = await must(['ip', 'netns', 'exec', pod.name, 'curl', '-gsS', '--max-time', '5', url]);
    return stdout;
  };
  assert.equal(await curl('http://203.0.113.9:8080/'), '203.0.113.9:8080 from 198.18.3.1');
  assert.equal(await curl('http://[2001:db8::9]:8443/'), '[2001:db8::9]:8443 from fd00:3::1');
  assert.equal(await curl('http://127.0.0.1:15001/'), '127.0.0.1:15001 from 127.0.0.1');
  assert.equal(await curl('http://[::1]:15001/'), '[::1]:15001 from ::1');
});

test('a dial leaves from the namespace that it names', async (t) => {
  const pod = await redirected(t);
  const log = new LoggedMover(t);
  const inside = log.mover.listen({
    netns: pod.path,
    ip: LOOPBACK[4],
    port: 0,
    sharing: 'exclusive',
    transparent: false,
  });
  const outside = log.listen();
  const netns = log.mover.openNetns(pod.path);
  log.onAccept = ({ flow, accepted }) => {
    if (accepted.listener === inside.id) return log.mover.respond(flow, Buffer.from('inside'));
    log.mover.forward(flow, 'client', 'all', 'held');
    log.mover.forward(flow, 'upstream', 'all', 'held');
    const to = { ip: LOOPBACK[4], port: inside.port };
    log.mover.dial(flow, { to, netns, preamble: new Uint8Array(0), timeoutMs: 2_000 });
    log.mover.closeNetns(netns);
  };
  const url = `http://127.0.0.1:${outside.port}/`;
  const { stdout } = await must(['curl', '-sS', '--http0.9', '--max-time', '5', url]);
  assert.equal(stdout, 'inside');
  log.onEvent = ({ flow }, name) => {
    if (name === 'dialed') log.mover.respond(flow, Buffer.from('no more'));
  };
  const late = await must(['curl', '-sS', '--http0.9', '--max-time', '5', url]);
  assert.equal(late.stdout, 'no more', 'the namespace was let go of');
  assert.equal(log.flows.at(-1)?.dialed[0]?.error, 'EBADF');
});
