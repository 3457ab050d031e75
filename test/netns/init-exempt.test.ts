import assert from 'node:assert/strict';
import { test } from 'node:test';
import { outcomeText } from '../support/lab/run.ts';
import { waitFor } from '../support/lab/wait.ts';
import { FAMILIES, type Netns, ORIGIN, POD, withNetns } from '../support/netns.ts';

const AGENT = {
  name: 'AGENT',
  agent: true,
  tcp: [
    ['127.0.0.1', 15_001],
    ['::1', 15_001],
  ],
} as const;
const PORTS = [22, 53, 80, 443];

test('QUIC is refused at once, other UDP passes by default', () =>
  withNetns(async (netns) => {
    const world = await origin(netns);
    await applied(netns);
    for (const family of FAMILIES) {
      const host = ORIGIN[family];
      assert.match(
        (await netns.dial('pod', { protocol: 'udp', host, port: 443 })).code ?? '',
        /^(EPERM|ECONNREFUSED)$/,
      );
      assert.deepEqual(await netns.dial('pod', { protocol: 'udp', host, port: 80 }), { text: 'ORIGIN' });
    }
    assert.equal(world.heard().length, 2);
  }));

test('--uncaptured reject: nothing leaves but exempt traffic and answers; neighbours are still found', () =>
  withNetns(async (netns) => {
    const world = await origin(netns);
    await netns.listen('pod', {
      name: 'POD',
      udp: [
        [POD[4], 7000],
        [POD[6], 7000],
      ],
      tcp: [
        [POD[4], 7000],
        [POD[6], 7000],
      ],
    });
    const servers = `${ORIGIN[4]},${ORIGIN[6]}`;
    await applied(netns, '--uncaptured', 'reject', '--dns-servers', servers);
    await netns.must('pod', 'ip neigh flush all; ip -6 neigh flush all');
    for (const family of FAMILIES) {
      const host = ORIGIN[family];
      assert.match((await netns.dial('pod', { protocol: 'udp', host, port: 80 })).code ?? '', /^(EPERM|ECONNREFUSED)$/);
      assert.deepEqual(await netns.dial('pod', { protocol: 'udp', host, port: 53 }), { text: 'ORIGIN' }, 'DNS');
      assert.deepEqual(await netns.dial('pod', { host, port: 53 }), { text: 'ORIGIN' }, 'DNS over TCP');
      assert.deepEqual(await netns.dial('ext', { protocol: 'udp', host: POD[family], port: 7000 }), { text: 'POD' });
      assert.deepEqual(await netns.dial('ext', { host: POD[family], port: 7000 }), { text: 'POD' });
      assert.deepEqual(await netns.dial('ext', { host: POD[family], port: 7001 }), { code: 'ECONNREFUSED' });
      assert.deepEqual(
        await netns.dial('ext', { protocol: 'udp', host: POD[family], port: 7001 }),
        { code: 'ECONNREFUSED' },
        'ICMP errors of inbound datagrams',
      );
    }
    assert.equal(world.heard().filter(({ event }) => event === 'datagram').length, 2);
  }));

test('excluded ports and ranges go straight to the origin, the rest to the agent', () =>
  withNetns(async (netns) => {
    await origin(netns);
    await netns.listen('pod', AGENT);
    await applied(netns, '--exclude-ports', '22,443');
    for (const family of FAMILIES) {
      const host = ORIGIN[family];
      assert.deepEqual(await netns.dial('pod', { host, port: 22 }), { text: 'ORIGIN' });
      assert.deepEqual(await netns.dial('pod', { protocol: 'udp', host, port: 443 }), { text: 'ORIGIN' });
      assert.deepEqual(await netns.dial('pod', { host, port: 80 }), { text: 'AGENT' });
    }
    for (const option of ['--exclude-cidrs', '--cluster-cidr']) {
      await applied(netns, option, `203.0.113.0/24,${ORIGIN[6]}`, '--include-ports', '80');
      for (const family of FAMILIES) {
        assert.deepEqual(await netns.dial('pod', { host: ORIGIN[family], port: 80 }), { text: 'ORIGIN' }, option);
      }
    }
  }));

test('inclusions: only what is included is captured; an exclusion beats it', () =>
  withNetns(async (netns) => {
    await origin(netns);
    await netns.listen('pod', AGENT);
    await applied(netns, '--include-ports', '80,22', '--exclude-ports', '22');
    for (const family of FAMILIES) {
      const reached = await Promise.all(PORTS.map((port) => netns.dial('pod', { host: ORIGIN[family], port })));
      assert.deepEqual(
        reached.map(({ text }) => text),
        ['ORIGIN', 'ORIGIN', 'AGENT', 'ORIGIN'],
      );
    }
    await applied(netns, '--include-cidrs', `${ORIGIN[4]}/32`);
    assert.deepEqual(await netns.dial('pod', { host: ORIGIN[4], port: 443 }), { text: 'AGENT' });
    assert.deepEqual(await netns.dial('pod', { host: ORIGIN[6], port: 443 }), { text: 'ORIGIN' });
  }));

test('excluded owners: their flows pass to the last packet, and nobody inherits them', () =>
  withNetns(async (netns) => {
    const world = await origin(netns);
    await netns.listen('pod', AGENT);
    await applied(netns, '--exclude-uids', '1337', '--uncaptured', 'reject');
    for (const family of FAMILIES) {
      const host = ORIGIN[family];
      for (let round = 0; round < 5; round++) {
        assert.deepEqual(await netns.dial('pod', { host, port: 80, uid: 1337, localPort: 48_010 + round }), {
          text: 'ORIGIN',
        });
      }
      assert.deepEqual(await netns.dial('pod', { protocol: 'udp', host, port: 80, uid: 1337 }), { text: 'ORIGIN' });
      assert.deepEqual(await netns.dial('pod', { host, port: 80 }), { text: 'AGENT' });
      assert.deepEqual(await netns.dial('pod', { host, port: 80, uid: 1338 }), { text: 'AGENT' });
      // Our end closed first and is in TIME_WAIT or gone: its last acknowledgements have no socket, so no owner.
      await waitFor('the origin has closed every connection', async () => {
        const left = await netns.must('ext', `ss -Htan state last-ack state closing state close-wait 'sport = :80'`);
        return left.trim() === '';
      });
      // A stale marked entry of an excluded owner's: another user takes the port and must not get out by it.
      await netns.must(
        'pod',
        `conntrack -I -p tcp -s ${POD[family]} -d ${host} --sport 48050 --dport 80 --state ESTABLISHED -u SEEN_REPLY,ASSURED -t 60 -m 0x58000000`,
      );
      const before = world.heard().length;
      const taken = await netns.dial('pod', { host, port: 80, localPort: 48_050 });
      assert.notEqual(taken.text, 'ORIGIN');
      assert.equal(world.heard().length, before);
    }
  }));

function origin(netns: Netns) {
  const everywhere = [ORIGIN[4], ORIGIN[6]].flatMap((host) => PORTS.map((port) => [host, port] as const));
  return netns.listen('ext', { name: 'ORIGIN', tcp: everywhere, udp: everywhere });
}

async function applied(netns: Netns, ...args: readonly string[]): Promise<void> {
  const outcome = await netns.init('apply', args);
  assert.equal(outcome.code, 0, outcomeText(outcome));
}
