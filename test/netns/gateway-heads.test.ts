/** What an origin is told of the client, and what a client of the ways between: by default, and if a gateway is to tell. */
import assert from 'node:assert/strict';
import type { IncomingHttpHeaders } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { callFrom } from '../support/clients/egress-call.ts';
import {
  bracketed,
  type EgressWorld,
  egressWorld,
  FAMILIES,
  hostOf,
  onlyBehind,
  tellingAll,
} from '../support/clients/egress-world.ts';
import { serviceEntry } from '../support/lab/captured.ts';
import { EGRESS_GATEWAY, istioResource } from '../support/lab/resources.ts';
import { outcomeText } from '../support/lab/run.ts';
import { EXT } from '../support/lab/topology.ts';

const WEB = 'httpbin.org';
const GATEWAYS = ['gw', 'gw-tells'] as const;
const UUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/;

const FILES = {
  'entry.yaml': serviceEntry({ hosts: [WEB], ports: [[80, 'HTTP']] }),
  'gateway.yaml': istioResource('Gateway', 'egress-gw', {
    selector: { istio: 'egressgateway' },
    servers: [{ port: { number: 80, name: 'http', protocol: 'HTTP' }, hosts: [WEB] }],
  }),
  'routes.yaml': istioResource('VirtualService', 'web', {
    hosts: [WEB],
    gateways: ['egress-gw', 'mesh'],
    http: [
      {
        match: [{ gateways: ['mesh'], port: 80 }],
        route: [{ destination: { host: EGRESS_GATEWAY, port: { number: 80 } } }],
      },
      {
        match: ['/get', '/post'].map((prefix) => ({ gateways: ['egress-gw'], port: 80, uri: { prefix } })),
        route: [{ destination: { host: WEB, port: { number: 80 } } }],
      },
    ],
  }),
};

let world: EgressWorld;
before(async () => {
  world = await egressWorld({
    workloads: { sleep: 'default/sleep' },
    gateways: [{ pod: 'gw' }, { pod: 'gw-tells', args: ['--forward-client-address', '--forward-request-id'] }],
    files: FILES,
  });
});
after(() => world.lab.close());
const wire = (says: string, body: () => Promise<void>): void =>
  void test(
    says,
    tellingAll(() => world, body),
  );

/** By one gateway, whose lines these are: those of three requests, one after the other on one connection. */
async function three(pod: (typeof GATEWAYS)[number], family: string, path: string, ...args: readonly string[]) {
  await world.inForce({ ...FILES, ...onlyBehind(world, pod) });
  const called = await callFrom(
    world,
    'sleep',
    family,
    '-sS',
    '-o',
    '/dev/null',
    ...args,
    `http://${WEB}${path}?[1-3]`,
  );
  assert.equal(called.code, 0, outcomeText(called));
  const lines = await called.lines(3, pod);
  assert.deepEqual(
    lines.map((line) => [line['path'], line['response_code']]),
    [1, 2, 3].map((at) => [`${path}?${at}`, 200]),
  );
  return { lines, heads: headsSeen() };
}

function headsSeen(): readonly IncomingHttpHeaders[] {
  return world.lab.origin(WEB).flatMap(({ requests }) => requests.map(({ headers }) => headers));
}

for (const { flag, of } of FAMILIES) {
  describe(`over IP${of}`, () => {
    const sleep = (): string => world.lab.pod('sleep')[of];

    wire('by default the origin is told neither address nor id; the log has both', async () => {
      const { lines, heads } = await three('gw', flag, '/get');
      for (const head of heads) {
        assert.deepEqual([head['x-forwarded-for'], head['x-request-id']], [undefined, undefined]);
        assert.deepEqual(Object.keys(head).sort(), ['accept', 'host', 'user-agent']);
      }
      for (const line of lines) {
        assert.equal(line['x_forwarded_for'], sleep());
        assert.match(String(line['request_id']), UUID);
      }
      assert.equal(new Set(lines.map((line) => line['request_id'])).size, 3);
    });

    wire('--forward-client-address, --forward-request-id: it is told both, on each request', async () => {
      const { lines, heads } = await three('gw-tells', flag, '/get');
      assert.deepEqual(
        heads.map((head) => [head['x-forwarded-for'], head['x-request-id']]),
        lines.map((line) => [sleep(), line['request_id']]),
      );
      assert.equal(new Set(lines.map((line) => line['request_id'])).size, 3);
      for (const line of lines) assert.match(String(line['request_id']), UUID);
    });

    wire('the address stands behind what the client said itself', async () => {
      const { lines, heads } = await three('gw-tells', flag, '/get', '-H', 'X-Forwarded-For: 192.0.2.9');
      for (const head of heads) {
        assert.match(String(head['x-forwarded-for']), /^192\.0\.2\.9, ?[^,]+$/);
        assert.equal(String(head['x-forwarded-for']).split(/, ?/)[1], sleep());
      }
      for (const line of lines) assert.match(String(line['x_forwarded_for']), /^192\.0\.2\.9, ?[^,]+$/);
    });

    wire('bodies of requests are whole behind the heads that were added to', async () => {
      const { lines, heads } = await three('gw-tells', flag, '/post', '-d', 'name=value');
      assert.deepEqual(
        heads.map((head) => [head['content-length'], head['x-forwarded-for']]),
        Array.from({ length: 3 }, () => ['10', sleep()]),
      );
      for (const line of lines) assert.equal(line['bytes_received'], 10);
      const answer = await world.lab.curl('sleep', flag, '-sS', '-d', 'name=value', `http://${WEB}/post`);
      assert.match(answer.stdout, /"data": "name=value"/, outcomeText(answer));
    });

    wire('a client outside is told of by its own address', async () => {
      await world.inForce(FILES);
      const url = `http://${bracketed(world.lab.pod('gw-tells')[of])}/get`;
      const outcome = await world.lab.curl('ext', '--interface', EXT[of], '-sS', '-H', `Host: ${WEB}`, url);
      assert.equal(outcome.code, 0, outcomeText(outcome));
      const [head] = headsSeen();
      assert.equal(head?.['x-forwarded-for'], EXT[of]);
      const line = await world.gateway('gw-tells').accessLine((each) => each['request_id'] === head?.['x-request-id']);
      assert.equal(hostOf(line['downstream_remote_address']), EXT[of]);
    });

    for (const pod of GATEWAYS) {
      wire(`an answer has the time once and its origin’s own name (${pod})`, async () => {
        await world.inForce({ ...FILES, ...onlyBehind(world, pod) });
        const outcome = await world.lab.curl('sleep', flag, '-sSI', `http://${WEB}/get?[1-2]`);
        const [first = '', second = ''] = outcome.stdout.split(/(?<=\r\n\r\n)/);
        for (const head of [first, second]) {
          assert.match(head, /^HTTP\/1\.1 200 /, outcomeText(outcome));
          assert.deepEqual(fields(head, 'server'), ['gunicorn/19.9.0']);
          const times = fields(head, 'x-envoy-upstream-service-time');
          assert.equal(times.length, 1, head);
          assert.match(times[0] ?? '', /^\d+$/);
        }
      });

      wire(`an answer of the gateway’s own is signed, once (${pod})`, async () => {
        await world.inForce({ ...FILES, ...onlyBehind(world, pod) });
        const outcome = await world.lab.curl('sleep', flag, '-sSI', `http://${WEB}/nowhere`);
        assert.match(outcome.stdout, /^HTTP\/1\.1 404 /, outcomeText(outcome));
        assert.deepEqual(fields(outcome.stdout, 'server'), ['weir']);
        assert.deepEqual(fields(outcome.stdout, 'x-weir-reason'), ['no-route']);
        assert.ok(fields(outcome.stdout, 'x-envoy-upstream-service-time').length <= 1, outcome.stdout);
        assert.deepEqual(world.lab.seen(), []);
      });
    }
  });
}

/** The values of all fields of this name. */
function fields(head: string, name: string): readonly string[] {
  return head
    .split('\r\n')
    .filter((line) => line.toLowerCase().startsWith(`${name}:`))
    .map((line) => line.slice(name.length + 1).trim());
}
