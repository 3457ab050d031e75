/** Seeds 000 and 001: an egress gateway on the way of what is listed. Cases A03–A21 and A31, IPv4 and IPv6. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Called, callFrom } from '../support/clients/egress-call.ts';
import {
  type EgressWorld,
  egressWorld,
  FAMILIES,
  type Files,
  hostOf,
  isOf,
  onlyBehind,
  originAddresses,
  PROMISED_MS,
  tellingAll,
} from '../support/clients/egress-world.ts';
import { meshMode } from '../support/lab/captured.ts';
import { EGRESS_GATEWAY, istioResource, seedFiles } from '../support/lab/resources.ts';
import { outcomeText } from '../support/lab/run.ts';
import { NODE } from '../support/lab/topology.ts';
import { waitFor } from '../support/lab/wait.ts';

/** All three of seed 000: case A04. */
const SEED = seedFiles('seed-000');
const WEB = 'aliyun.com';
const TO_GATEWAY = { destination: { host: EGRESS_GATEWAY, port: { number: 80 } } };

let world: EgressWorld;
before(async () => {
  world = await egressWorld({
    workloads: { sleep: 'default/sleep' },
    gateways: [{ pod: 'gw' }, { pod: 'gw-asm', args: ['--access-log-format', 'asm'] }],
    files: SEED,
  });
});
after(() => world.lab.close());
const wire = (says: string, body: () => Promise<void>): void =>
  void test(
    says,
    tellingAll(() => world, body),
  );

/** These resources, and one pod behind the Service. */
async function inForce(files: Files, pod = 'gw'): Promise<void> {
  await world.inForce({ ...onlyBehind(world, pod), ...files });
}

function without(...names: readonly string[]): Files {
  return Object.fromEntries(Object.entries(SEED).filter(([name]) => !names.includes(name)));
}

for (const { flag, of } of FAMILIES) {
  describe(`over IP${of}`, () => {
    const curl = (...args: readonly string[]) => callFrom(world, 'sleep', flag, ...args);

    /** The seed's own call, answered as there. */
    async function head(): Promise<Called> {
      const called = await curl('-sSI', `http://${WEB}`);
      assert.match(called.stdout, /^HTTP\/1\.1 301 Moved Permanently\r\n/, outcomeText(called));
      assert.match(called.stdout, /\r\nlocation: https:\/\/aliyun\.com\/\r\n/i);
      assert.match(called.stdout, /\r\ncontent-length: 239\r\n/i);
      return called;
    }

    /** It went straight out, by no gateway: the origin saw the node. */
    async function direct(called: Called): Promise<void> {
      await called.mesh();
      assert.equal(peers().length, 1);
      assert.ok(
        [NODE.v4, NODE.v6].some((ip) => ip === peers()[0]),
        peers()[0],
      );
      assert.deepEqual(called.soFar(), []);
    }

    function peers(): readonly string[] {
      return world.lab.origin(WEB).map(({ peer }) => hostOf(peer));
    }

    wire('A03: listed and no route to the gateway, which runs: 301, direct, no line of the gateway', async () => {
      await inForce(without('virtual-service.yaml'));
      const called = await head();
      await direct(called);
      assert.equal((await called.mesh())['upstream_cluster'], `outbound|80||${WEB}`);
    });

    wire('A04–A07, A09, A10: 301 through the gateway, and its line', async () => {
      await inForce(SEED);
      const called = await head();
      const [line, mesh] = [await called.line(), await called.mesh()];
      const [sleep, gw] = [world.lab.pod('sleep'), world.lab.pod('gw')];
      // A05
      assert.deepEqual(
        {
          authority: line['authority'],
          method: line['method'],
          path: line['path'],
          protocol: line['protocol'],
          code: line['response_code'],
          flags: line['response_flags'],
          sent: line['bytes_sent'],
          received: line['bytes_received'],
          cluster: line['upstream_cluster'],
        },
        {
          authority: WEB,
          method: 'HEAD',
          path: '/',
          protocol: 'HTTP/1.1',
          code: 301,
          flags: '-',
          sent: 0,
          received: 0,
          cluster: `outbound|80||${WEB}`,
        },
      );
      assert.match(String(line['upstream_host']), /:80$/);
      assert.ok(originAddresses(WEB).includes(hostOf(line['upstream_host'])), String(line['upstream_host']));
      // A06
      assert.equal(hostOf(line['downstream_remote_address']), sleep[of]);
      assert.equal(line['x_forwarded_for'], sleep[of]);
      // A07
      assert.match(String(line['downstream_local_address']), /:80$/);
      assert.ok(isOf(gw, line['downstream_local_address']));
      assert.ok(isOf(gw, line['upstream_local_address']));
      assert.deepEqual(peers(), [hostOf(line['upstream_local_address'])]);
      // A09
      for (const key of ['response_code', 'bytes_sent', 'bytes_received', 'duration']) {
        assert.equal(typeof line[key], 'number', key);
      }
      assert.match(String(line['upstream_service_time']), /^\d+$/);
      assert.equal(typeof line['upstream_service_time'], 'string');
      for (const key of NULLS) assert.equal(line[key], null, key);
      // A10
      assert.match(String(line['request_id']), /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/);
      assert.match(String(line['start_time']), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      assert.match(String(line['user_agent']), /^curl\//);
      assert.deepEqual(
        [line['source_namespace'], line['source_workload'], line['verdict']],
        ['default', 'sleep', 'allow'],
      );
      // The agent's own line: where it went, and for whom.
      assert.deepEqual(
        [mesh['upstream_cluster'], mesh['authority'], mesh['response_code'], mesh['response_flags'], mesh['verdict']],
        [`outbound|80||${EGRESS_GATEWAY}`, WEB, 301, '-', 'allow'],
      );
      assert.ok(isOf(gw, mesh['upstream_host']));
      assert.match(String(mesh['upstream_host']), /:80$/);
      assert.equal(hostOf(mesh['downstream_remote_address']), sleep[of]);
    });

    wire('A08: these keys and no others, by default and as `asm`', async () => {
      await inForce(SEED);
      const line = await (await head()).line();
      assert.deepEqual(Object.keys(line).sort(), [...ASM_KEYS, ...OWN_KEYS].sort());
      await inForce(SEED, 'gw-asm');
      const asm = await (await head()).line('gw-asm');
      assert.deepEqual(Object.keys(asm).sort(), [...ASM_KEYS].sort());
    });

    wire('A11: one request is one line, and the log ends with it', async () => {
      await inForce(SEED);
      const gateway = world.gateway();
      const line = await (await head()).line();
      assert.ok(gateway.accessText().endsWith('\n'));
      const { stdout } = await world.lab.exec('node', ['sh', '-c', `grep ${WEB} ${gateway.accessLog} | tail -n 1`]);
      assert.deepEqual(JSON.parse(stdout), line);
    });

    wire('A13: ALLOW_ANY and no ServiceEntry: 301, the gateway’s configuration has no effect', async () => {
      await inForce({ ...without('service-entry.yaml'), 'mesh.yaml': meshMode('ALLOW_ANY') });
      await direct(await head());
    });

    wire('A15: the VirtualService goes: 301, direct again', async () => {
      await inForce(SEED);
      await (await head()).line();
      world.lab.forget();
      await inForce(without('virtual-service.yaml'));
      await direct(await head());
    });

    wire('A16: the ServiceEntry goes: 502, and nobody is asked', async () => {
      await inForce(SEED);
      await (await head()).line();
      world.lab.forget();
      await inForce(without('service-entry.yaml'));
      const called = await curl('-sSI', `http://${WEB}`);
      assert.match(called.stdout, /^HTTP\/1\.1 502 .*\r\nx-weir-reason: not-listed\r\n/s, outcomeText(called));
      assert.equal((await called.mesh())['verdict'], 'deny');
      assert.deepEqual(world.lab.seen(), []);
      assert.deepEqual(called.soFar(), []);
    });

    wire('A17: all three as networking.istio.io/v1', async () => {
      const v1 = Object.entries(SEED).map(([name, text]) => [name, text.replace(/(?<=istio\.io\/)\w+/, 'v1')]);
      await inForce(Object.fromEntries(v1) as Files);
      const line = await (await head()).line();
      assert.deepEqual([line['authority'], line['response_code']], [WEB, 301]);
    });

    const unrouted = [
      {
        says: 'A18: a VirtualService without `gateways` is for the mesh alone',
        files: { 'virtual-service.yaml': routes({ http: [{ route: [TO_GATEWAY] }] }) },
      },
      {
        says: 'A19: a VirtualService that has no route at the gateway',
        files: {
          'virtual-service.yaml': routes({
            gateways: ['egress-gw', 'mesh'],
            http: [{ match: [{ gateways: ['mesh'], port: 80 }], route: [TO_GATEWAY] }],
          }),
        },
      },
      {
        says: 'A20: a Gateway for other hosts: the VirtualService does not attach',
        files: { 'gateway.yaml': (SEED['gateway.yaml'] ?? '').replace(`- ${WEB}`, '- other.example') },
      },
    ];
    for (const { says, files } of unrouted) {
      wire(`${says}: 404 of the gateway, flags NR`, async () => {
        await inForce({ ...SEED, ...files });
        const called = await curl('-sSI', `http://${WEB}`);
        assert.match(called.stdout, /^HTTP\/1\.1 404 Not Found\r\n/, outcomeText(called));
        assert.match(called.stdout, /\r\nserver: weir\r\n/);
        assert.match(called.stdout, /\r\nx-weir-reason: no-route\r\n/);
        assert.deepEqual(world.lab.seen(), []);
        const [line, mesh] = [await called.line(), await called.mesh()];
        assert.deepEqual(
          [line['response_code'], line['response_flags'], line['verdict'], line['authority']],
          [404, 'NR', 'deny', WEB],
        );
        assert.deepEqual([mesh['response_code'], mesh['verdict']], [404, 'allow']);
      });
    }

    wire('A21: no Gateway, so nothing listens: 503, UF on the agent’s line; with it, 301 again', async () => {
      await inForce(without('gateway.yaml'));
      const called = await curl('-sSI', `http://${WEB}`);
      assert.match(called.stdout, /^HTTP\/1\.1 503 Service Unavailable\r\n/, outcomeText(called));
      const mesh = await called.mesh();
      assert.deepEqual(
        [mesh['response_code'], mesh['response_flags'], mesh['upstream_cluster']],
        [503, 'UF', `outbound|80||${EGRESS_GATEWAY}`],
      );
      assert.deepEqual(world.lab.seen(), []);
      assert.deepEqual(called.soFar(), []);
      await inForce(SEED);
      const again = async () => (await curl('-sSI', `http://${WEB}`)).stdout.startsWith('HTTP/1.1 301 ');
      await waitFor('the gateway listens', again, { limitMs: PROMISED_MS, told: world.gateway().stderr });
    });

    wire('A31: GET: 239 bytes', async () => {
      await inForce(SEED);
      const called = await curl('-sSi', `http://${WEB}`);
      const [first = '', body = ''] = called.stdout.split('\r\n\r\n');
      assert.match(first, /^HTTP\/1\.1 301 /, outcomeText(called));
      assert.equal(Buffer.byteLength(body), 239);
      const line = await called.line();
      assert.deepEqual([line['method'], line['bytes_sent'], line['bytes_received']], ['GET', 239, 0]);
    });
  });
}

function routes(spec: Readonly<Record<string, unknown>>): string {
  return istioResource('VirtualService', 'egressgateway-vs', { hosts: [WEB], ...spec });
}

const NULLS = [
  'trace_id',
  'requested_server_name',
  'route_name',
  'upstream_transport_failure_reason',
  'istio_policy_status',
];

const ASM_KEYS =
  'trace_id upstream_host downstream_remote_address requested_server_name response_code upstream_service_time user_agent path route_name bytes_sent response_flags upstream_local_address duration upstream_cluster upstream_transport_failure_reason authority request_id protocol bytes_received method downstream_local_address start_time istio_policy_status x_forwarded_for'.split(
    ' ',
  );
const OWN_KEYS = ['source_namespace', 'source_workload', 'verdict', 'reason', 'matched', 'registry'];
