/** A gateway knows who is calling, and is no way round the policy of the mesh: case B17, preambles. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Talk, type Talked, talkAll } from '../support/clients/captured-pod.ts';
import { type Called, callFrom } from '../support/clients/egress-call.ts';
import {
  bracketed,
  type EgressWorld,
  egressWorld,
  FAMILIES,
  type Family,
  type Files,
  onlyBehind,
  tellingAll,
} from '../support/clients/egress-world.ts';
import { type Flaw, proxyHeader } from '../support/clients/proxy-header.ts';
import type { AccessLine } from '../support/lab/agent.ts';
import { serviceEntry } from '../support/lab/captured.ts';
import { gatewayService, seedFiles } from '../support/lab/resources.ts';
import { outcomeText } from '../support/lab/run.ts';

const WEB = 'aliyun.com';
const GATEWAYS = ['gw', 'gw-wary'] as const;
const WEB_ADDRESS = { v4: '203.0.113.12', v6: '2001:db8:ee::12' } as const;

/** Seed 000 for namespace mytest alone. */
const FILES: Files = {
  ...seedFiles('seed-000'),
  'service-entry.yaml': serviceEntry({ hosts: [WEB], ports: [[80, 'HTTP']], exportTo: ['mytest'] }),
};

let world: EgressWorld;
before(async () => {
  world = await egressWorld({
    workloads: { 'sleep-a': 'mytest/sleep-a', other: 'default/other' },
    gateways: [{ pod: 'gw' }, { pod: 'gw-wary', trusted: false }],
    others: ['stranger'],
    files: FILES,
  });
});
after(() => world.lab.close());
const wire = (says: string, body: () => Promise<void>): void =>
  void test(
    says,
    tellingAll(() => world, body),
  );

/** FILES and these, with one gateway behind the Service. */
async function inForce(files: Files = {}, pod: (typeof GATEWAYS)[number] = 'gw'): Promise<void> {
  await world.inForce({ ...FILES, ...onlyBehind(world, pod), ...files });
}

const REQUEST = `GET / HTTP/1.1\r\nHost: ${WEB}\r\nConnection: close\r\n\r\n`;

/** A raw client of a gateway, and the line that the gateway has of it. */
async function talkTo(of: Family, place: string, steps: Talk['steps']): Promise<Talked> {
  const [told] = await talkAll(world.lab, [{ host: world.lab.pod('gw')[of], port: 80, steps }], place);
  return told ?? assert.fail();
}

function lineOf({ local }: Talked): Promise<AccessLine> {
  return world.gateway().accessLine((line) => line['downstream_remote_address'] === local);
}

/** Without a byte to the client or to an origin, and with this reason. */
async function closedFor(reason: string, told: Talked): Promise<void> {
  assert.equal(told.received, '');
  assert.notEqual(told.end, 'open');
  const line = await lineOf(told);
  assert.deepEqual([line['verdict'], line['reason'], line['upstream_host']], ['deny', reason, null]);
  assert.deepEqual(world.lab.seen(), []);
}

/** Where the gateway knows no more than that the agent dialled it. */
async function lineOfAgent(pod: (typeof GATEWAYS)[number], called: Called): Promise<AccessLine> {
  const mesh = await called.mesh();
  return world.gateway(pod).accessLine((line) => line['downstream_remote_address'] === mesh['upstream_local_address']);
}

/** Below those that the kernel chooses. */
const SOURCE_PORT = 20_000;

/** As the agent would tell the gateway of this pod's connection. */
function header(of: Family, place: string, more: { flaw?: Flaw; workload?: `${string}/${string}` } = {}): string {
  const source = [world.lab.pod(place)[of], SOURCE_PORT] as const;
  return proxyHeader({ source, destination: [WEB_ADDRESS[of], 80], ...more });
}

for (const { flag, of } of FAMILIES) {
  describe(`over IP${of}: who is calling`, () => {
    wire('B17: mytest/sleep-a, to which it is exported, gets 301 through the gateway', async () => {
      await inForce();
      const called = await callFrom(world, 'sleep-a', flag, '-sSI', `http://${WEB}`);
      assert.match(called.stdout, /^HTTP\/1\.1 301 /, outcomeText(called));
      const line = await called.line();
      assert.deepEqual([line['source_namespace'], line['source_workload']], ['mytest', 'sleep-a']);
      assert.ok(called.client.includes(world.lab.pod('sleep-a')[of]), called.client);
    });

    wire('B17: default/other is refused by its agent', async () => {
      await inForce();
      const outcome = await world.lab.curl('other', flag, '-sSI', `http://${WEB}`);
      assert.match(outcome.stdout, /^HTTP\/1\.1 502 .*\r\nx-weir-reason: not-listed\r\n/s, outcomeText(outcome));
      assert.deepEqual(world.lab.seen(), []);
    });

    for (const { place, says, want, reason, who } of [
      {
        place: 'other',
        says: 'B17: default/other, to which it is not exported',
        want: 502,
        reason: 'not-listed',
        who: ['default', 'other'],
      },
      {
        place: 'stranger',
        says: 'a pod that no resource tells of',
        want: 502,
        reason: 'source-unknown',
        who: [null, null],
      },
      {
        place: 'sleep-a',
        says: 'mytest/sleep-a, to which it is exported',
        want: 301,
        reason: 'granted',
        who: ['mytest', 'sleep-a'],
      },
    ] as const) {
      wire(`${says}, dials the gateway itself: ${want} ${reason}`, async () => {
        await inForce();
        const url = `http://${bracketed(world.lab.pod('gw')[of])}/`;
        const outcome = await callFrom(world, place, '-sSI', '-H', `Host: ${WEB}`, url);
        assert.ok(outcome.stdout.startsWith(`HTTP/1.1 ${want} `), outcomeText(outcome));
        if (want === 502) {
          assert.match(outcome.stdout, /\r\nserver: weir\r\n/);
          assert.ok(outcome.stdout.includes(`\r\nx-weir-reason: ${reason}\r\n`));
          assert.deepEqual(world.lab.seen(), []);
        }
        const line = await outcome.line();
        assert.deepEqual(
          [line['response_code'], line['reason'], line['source_namespace'], line['source_workload']],
          [want, reason, ...who],
        );
        assert.ok(outcome.client.includes(world.lab.pod(place)[of]), outcome.client);
      });
    }
  });

  describe(`over IP${of}: preambles`, () => {
    wire('a trusted peer without one: closed, preamble-missing', async () => {
      await inForce();
      const told = await talkTo(of, 'node', [{ send: REQUEST }, { until: 'end' }]);
      await closedFor('preamble-missing', told);
    });

    for (const place of ['ext', 'sleep-a', 'stranger']) {
      wire(`one from ${place}, which is not trusted: closed, preamble-untrusted`, async () => {
        await inForce();
        const steps = [{ send: header(of, 'sleep-a') + REQUEST }, { until: 'end' }] as const;
        const told = await talkTo(of, place, steps);
        await closedFor('preamble-untrusted', told);
      });
    }

    for (const flaw of ['version', 'local', 'unix', 'noChecksum', 'changed', 'short', 'huge'] as const) {
      wire(`a damaged one of a trusted peer: closed, preamble-bad (${flaw})`, async () => {
        await inForce();
        const steps = [{ send: header(of, 'sleep-a', { flaw }) + REQUEST }, { until: 'end' }] as const;
        const told = await talkTo(of, 'node', steps);
        await closedFor('preamble-bad', told);
      });
    }

    wire('one that comes byte by byte, with a pause, is as good as one in a piece', async () => {
      await inForce();
      const whole = header(of, 'sleep-a') + REQUEST;
      const told = await talkTo(of, 'node', [
        { send: whole.slice(0, 20), pieces: 1 },
        { waitMs: 500 },
        { send: whole.slice(20), pieces: 1 },
        { until: 'end' },
      ]);
      assert.match(told.received, /^HTTP\/1\.1 301 /);
      const ip = world.lab.pod('sleep-a')[of];
      const from = `${bracketed(ip)}:${SOURCE_PORT}`;
      const line = await world.gateway().accessLine((each) => each['downstream_remote_address'] === from);
      assert.deepEqual([line['source_workload'], line['x_forwarded_for']], ['sleep-a', ip]);
    });

    for (const [place, reason] of [
      ['other', 'not-listed'],
      ['stranger', 'source-unknown'],
    ] as const) {
      wire(`what it says of ${place} is judged for ${place}: 502 ${reason}`, async () => {
        await inForce();
        const steps = [{ send: header(of, place) + REQUEST }, { until: 'end' }] as const;
        const told = await talkTo(of, 'node', steps);
        assert.match(told.received, /^HTTP\/1\.1 502 /);
        assert.ok(told.received.includes(`\r\nx-weir-reason: ${reason}\r\n`), told.received);
        assert.deepEqual(world.lab.seen(), []);
      });
    }

    for (const { workload, place, want } of [
      { workload: 'mytest/sleep-a', place: 'stranger', want: ['301', 'granted', 'mytest', 'sleep-a'] },
      { workload: 'default/other', place: 'sleep-a', want: ['502', 'not-listed', 'default', 'other'] },
    ] as const) {
      wire(`whom it names is the source, whatever the address: ${workload} at that of ${place}`, async () => {
        await inForce();
        const steps = [{ send: header(of, place, { workload }) + REQUEST }, { until: 'end' }] as const;
        const told = await talkTo(of, 'node', steps);
        const from = `${bracketed(world.lab.pod(place)[of])}:${SOURCE_PORT}`;
        const line = await world
          .gateway()
          .accessLine(
            (each) => each['downstream_remote_address'] === from && each['source_workload'] === workload.split('/')[1],
          );
        assert.deepEqual(
          [told.received.split(' ')[1], line['reason'], line['source_namespace'], line['source_workload']],
          want,
        );
      });
    }

    wire('a gateway that trusts nobody takes none from the agent either: 503, nothing goes out', async () => {
      await inForce({}, 'gw-wary');
      const called = await callFrom(world, 'sleep-a', flag, '-sSI', `http://${WEB}`);
      assert.match(called.stdout, /^HTTP\/1\.1 503 /, outcomeText(called));
      assert.equal((await lineOfAgent('gw-wary', called))['reason'], 'preamble-untrusted');
      assert.deepEqual(world.lab.seen(), []);
    });

    for (const [pod, want] of [
      ['gw', 'preamble-missing'],
      ['gw-wary', 'source-unknown'],
    ] as const) {
      wire(`transport plain: ${pod} does not know for whom the agent calls: ${want}`, async () => {
        await inForce({ 'service.yaml': gatewayService('plain') }, pod);
        const called = await callFrom(world, 'sleep-a', flag, '-sSI', `http://${WEB}`);
        assert.match(called.stdout, /^HTTP\/1\.1 50[23] /, outcomeText(called));
        assert.equal((await lineOfAgent(pod, called))['reason'], want);
        assert.deepEqual(world.lab.seen(), []);
      });
    }
  });
}
