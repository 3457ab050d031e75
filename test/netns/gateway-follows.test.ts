/** A gateway listens where its Gateway resources say, within a second of their change, and disturbs nothing else. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Called, callFrom } from '../support/clients/egress-call.ts';
import {
  bracketed,
  type EgressWorld,
  egressWorld,
  FAMILIES,
  type Family,
  PROMISED_MS,
  tellingAll,
} from '../support/clients/egress-world.ts';
import { keepOpen } from '../support/clients/keep-open.ts';
import { serviceEntry } from '../support/lab/captured.ts';
import { istioResource } from '../support/lab/resources.ts';
import { outcomeText } from '../support/lab/run.ts';
import { waitFor } from '../support/lab/wait.ts';

const WEB = 'httpbin.org';

function gateway(name: string, port: number, selector: Readonly<Record<string, string>>): string {
  const servers = [{ port: { number: port, name: 'http', protocol: 'HTTP' }, hosts: [WEB] }];
  return istioResource('Gateway', name, { selector, servers });
}

const OURS = { istio: 'egressgateway' };
const NO_GATEWAY = {
  'entry.yaml': serviceEntry({ hosts: [WEB], ports: [[80, 'HTTP']] }),
  'routes.yaml': istioResource('VirtualService', 'web', {
    hosts: [WEB],
    gateways: ['web', 'more'],
    http: [{ route: [{ destination: { host: WEB, port: { number: 80 } } }] }],
  }),
};
const ONE = { ...NO_GATEWAY, 'web.yaml': gateway('web', 80, OURS) };
const TWO = { ...ONE, 'more.yaml': gateway('more', 8080, OURS) };

let world: EgressWorld;
before(async () => {
  world = await egressWorld({ workloads: { sleep: 'default/sleep' }, gateways: [{ pod: 'gw' }], files: ONE });
});
after(() => world.lab.close());
const wire = (says: string, body: () => Promise<void>): void =>
  void test(
    says,
    tellingAll(() => world, body),
  );

/** From outside. curl's code: 0 answered, 7 refused. */
function ask(of: Family, port: number): Promise<Called> {
  const url = `http://${bracketed(world.lab.pod('gw')[of])}:${port}/status/200`;
  return callFrom(world, 'ext', '-sSi', '-H', `Host: ${WEB}`, url);
}

/** Since `from` (of performance.now). */
async function withinPromise(from: number, of: Family, port: number, code: 0 | 7): Promise<void> {
  await waitFor(`${port} gives ${code}`, async () => (await ask(of, port)).code === code);
  const ms = performance.now() - from;
  assert.ok(ms < PROMISED_MS, `${port} gives ${code} after ${ms} ms`);
}

for (const { of } of FAMILIES) {
  describe(`over IP${of}`, () => {
    wire(
      'a port that comes is served, one that goes is refused and its connections end; others do not notice',
      async () => {
        await world.inForce(ONE);
        const { lab } = world;
        assert.equal((await ask(of, 8080)).code, 7);
        const asking = { say: `GET /status/200 HTTP/1.1\r\nHost: ${WEB}\r\n\r\n`, mark: '\r\n\r\n' };
        const kept = { host: lab.pod('gw')[of], begin: [asking], again: asking };
        const stays = await keepOpen(lab, 'ext', [{ ...kept, kind: 'stays', count: 3, port: 80 }]);
        const cameAt = performance.now();
        await world.inForce(TWO);
        await withinPromise(cameAt, of, 8080, 0);
        const answered = await ask(of, 8080);
        assert.match(answered.stdout, /^HTTP\/1\.1 200 /, outcomeText(answered));
        await stays.again(3);
        const goes = await keepOpen(lab, 'ext', [{ ...kept, kind: 'goes', count: 1, port: 8080 }]);
        try {
          const wentAt = performance.now();
          await world.inForce(ONE);
          await withinPromise(wentAt, of, 8080, 7);
          const end = await waitFor('what stood on the port ends', () => goes.state().ended[0], {
            limitMs: PROMISED_MS,
            told: () => JSON.stringify(goes.state()),
          });
          const mine = () =>
            world
              .gateway()
              .accessLines()
              .filter((line) => line['downstream_remote_address'] === end.local);
          const line = await waitFor('its line', () => mine().find((each) => each['reason'] === 'policy-changed'));
          assert.deepEqual([end.how, line['verdict']], ['fin', 'deny']);
          await stays.again(6);
          assert.deepEqual(stays.state().ended, []);
        } finally {
          await Promise.all([stays.stop(), goes.stop()]);
        }
      },
    );

    wire('a Gateway for others is none of its own: refused', async () => {
      await world.inForce(ONE);
      const went = performance.now();
      await world.inForce({ ...ONE, 'web.yaml': gateway('web', 80, { istio: 'another' }) });
      await withinPromise(went, of, 80, 7);
      const came = performance.now();
      await world.inForce(ONE);
      await withinPromise(came, of, 80, 0);
    });

    wire('a selector that its labels satisfy only in part is another’s', async () => {
      await world.inForce({ ...ONE, 'web.yaml': gateway('web', 80, { ...OURS, zone: 'b' }) });
      await withinPromise(performance.now(), of, 80, 7);
    });
  });
}

wire('it ends with 0, is ready again without any Gateway, and serves the first that comes', async () => {
  await world.inForce(NO_GATEWAY);
  assert.equal(await world.gateway().stop(), 0);
  await world.startGateway('gw');
  const { stdout } = await world.lab.exec('gw', ['curl', '-sS', 'http://127.0.0.1:15020/metrics']);
  assert.match(stdout, /^weir_flows_open 0$/m);
  for (const { of } of FAMILIES) assert.equal((await ask(of, 80)).code, 7);
  const came = performance.now();
  await world.inForce(ONE);
  for (const { of } of FAMILIES) await withinPromise(came, of, 80, 0);
});
