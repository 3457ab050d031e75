/** Seed 002: a gateway as the proxy of clients outside. Cases B01–B15. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { callFrom } from '../support/clients/egress-call.ts';
import {
  bracketed,
  type EgressWorld,
  egressWorld,
  FAMILIES,
  hostOf,
  isOf,
  originAddresses,
  tellingAll,
} from '../support/clients/egress-world.ts';
import { serviceEntry } from '../support/lab/captured.ts';
import { istioResource, seedFiles } from '../support/lab/resources.ts';
import { outcomeText } from '../support/lab/run.ts';
import { EXT } from '../support/lab/topology.ts';
import { waitFor } from '../support/lab/wait.ts';
import { literally } from '../support/literally.ts';

const SEED = seedFiles('seed-002');
const LABELS = { istio: 'ingressgateway' };
const GATEWAYS = ['gw', 'gw-text'] as const;
const LOCAL_PORT = 8081;

/** At a gateway: http://here.test goes to port 8081 of the gateway's own loopback. */
const HERE = [
  serviceEntry({
    hosts: ['here.local'],
    ports: [[LOCAL_PORT, 'HTTP']],
    resolution: 'STATIC',
    endpoints: ['127.0.0.1'],
  }),
  istioResource('Gateway', 'here', {
    selector: LABELS,
    servers: [{ port: { number: 80, name: 'http', protocol: 'HTTP' }, hosts: ['here.test'] }],
  }),
  istioResource('VirtualService', 'here', {
    hosts: ['here.test'],
    gateways: ['here'],
    http: [{ route: [{ destination: { host: 'here.local', port: { number: LOCAL_PORT } } }] }],
  }),
].join('---\n');

let world: EgressWorld;
before(async () => {
  world = await egressWorld({
    workloads: { sleep: 'default/sleep' },
    gateways: [
      { pod: 'gw', labels: LABELS, args: ['--allow-local-endpoints'] },
      { pod: 'gw-text', labels: LABELS, args: ['--access-log-format', 'istio-1.0'] },
    ],
    files: SEED,
  });
  const loopback = { names: [], addresses: ['127.0.0.1'] };
  for (const pod of GATEWAYS) {
    const services = [{ port: LOCAL_PORT, kind: 'http' } as const];
    await world.lab.addOrigins(pod, [{ ...loopback, key: `${pod}-loopback`, services }]);
  }
  await world.lab.addOrigins('node', [
    {
      ...loopback,
      key: 'node-loopback',
      services: [
        { port: 80, kind: 'http' },
        { port: 443, kind: 'sink' },
      ],
    },
  ]);
});
after(() => world.lab.close());
const wire = (says: string, body: () => Promise<void>): void =>
  void test(
    says,
    tellingAll(() => world, body),
  );

for (const { flag, of } of FAMILIES) {
  describe(`over IP${of}`, () => {
    const client = EXT[of];
    const at = (pod: (typeof GATEWAYS)[number]): string => bracketed(world.lab.pod(pod)[of]);
    /** From outside, by this address. */
    const curl = (...args: readonly string[]) => callFrom(world, 'ext', '--interface', client, ...args);
    const cnnAt = (pod: (typeof GATEWAYS)[number]) => [
      '--resolve',
      `edition.cnn.com:443:${at(pod)}`,
      'https://edition.cnn.com:443',
    ];

    /** A line of gw-text that fits, as it stands there. */
    function textLine(pattern: string): Promise<string> {
      const { accessText } = world.gateway('gw-text');
      return waitFor(
        'a line',
        () =>
          accessText()
            .split('\n')
            .find((line) => new RegExp(pattern).test(line)),
        { told: () => `${pattern}\n${accessText()}`, limitMs: 3_000 },
      );
    }

    /** The address that gw-text dials from, of either family, as a pattern. */
    function dialled(): string {
      const { v4, v6 } = world.lab.pod('gw-text');
      return `(?:${literally(v4)}|${literally(bracketed(v6))})`;
    }

    /** An address of this origin with its port, as a pattern. */
    function endpoint(name: string, port: number): string {
      return `(?:${originAddresses(name)
        .map((ip) => literally(`${bracketed(ip)}:${port}`))
        .join('|')})`;
    }

    for (const pod of GATEWAYS) {
      wire(`B01: the teapot through the gateway (${pod})`, async () => {
        await world.inForce(SEED);
        const outcome = await curl('-sSi', `${at(pod)}:80/status/418`, '-Hhost:httpbin.org');
        assert.match(outcome.stdout, /^HTTP\/1\.1 418 /, outcomeText(outcome));
        assert.ok(outcome.stdout.includes('-=[ teapot ]=-'));
        assert.match(outcome.stdout, /\r\nserver: gunicorn\/19\.9\.0\r\n/i);
        const [seen, ...others] = world.lab.origin('httpbin.org');
        assert.ok(isOf(world.lab.pod(pod), seen?.peer), seen?.peer);
        assert.deepEqual(others, []);
      });
    }

    wire('B02: its line in the format of Istio 1.0', async () => {
      await world.inForce(SEED);
      await curl('-sS', `${at('gw-text')}:80/status/418`, '-Hhost:httpbin.org');
      const [ip, from, here] = [client, bracketed(client), at('gw-text')].map((text) => literally(text));
      await textLine(
        `^\\[[^\\]]+\\] "GET /status/418 HTTP/1\\.1" 418 - 0 135 \\d+ \\d+ "${ip}" "curl/[^"]*" "[0-9a-f-]{36}" ` +
          `"httpbin\\.org" "${endpoint('httpbin.org', 80)}" outbound\\|80\\|\\|httpbin\\.org ` +
          `(?:-|${dialled()}:\\d+) ${here}:80 ${from}:\\d+ -$`,
      );
    });

    for (const [says, files] of [
      ['B03, B05: `sni_hosts`', SEED],
      ['B05: `sniHosts`', { ...SEED, 'virtual-services.yaml': camelCase(SEED['virtual-services.yaml'] ?? '') }],
    ] as const) {
      wire(`${says}: TLS passes by its SNI, with the origin’s own certificate`, async () => {
        await world.inForce(files);
        const outcome = await curl('-sSv', ...cnnAt('gw'));
        assert.equal(outcome.code, 0, outcomeText(outcome));
        assert.match(
          outcome.stdout,
          /<title>CNN International - Breaking News, US News, World News and Video<\/title>/,
        );
        assert.match(outcome.stderr, /subject: CN=edition\.cnn\.com/);
        assert.match(outcome.stderr, /issuer: CN=Weir lab CA/);
        const [seen] = world.lab.origin('edition.cnn.com');
        assert.deepEqual([seen?.tls, seen?.sni], [true, 'edition.cnn.com']);
      });
    }

    wire('B04: its line in the format of Istio 1.0', async () => {
      await world.inForce(SEED);
      const outcome = await curl('-sS', ...cnnAt('gw-text'));
      assert.equal(outcome.code, 0, outcomeText(outcome));
      const [from, here] = [bracketed(client), at('gw-text')].map((text) => literally(text));
      const line = await textLine(
        `^\\[[^\\]]+\\] "- - -" 0 - \\d+ \\d+ \\d+ - "-" "-" "-" "-" "${endpoint('edition.cnn.com', 443)}" ` +
          `outbound\\|443\\|\\|edition\\.cnn\\.com ${dialled()}:\\d+ ${here}:443 ${from}:\\d+ edition\\.cnn\\.com$`,
      );
      const [received, sent] = line.split(' ').slice(6).map(Number);
      const seen = await waitFor('the end', () =>
        world.lab.origin('edition.cnn.com').find(({ end }) => end !== 'open'),
      );
      assert.deepEqual([received, sent], [seen.received, seen.sent]);
    });

    wire('B08: a host that no route has: 404, flags NR, no origin is asked', async () => {
      await world.inForce(SEED);
      const outcome = await curl('-sSi', `${at('gw')}:80/status/418`, '-Hhost:other.test');
      assert.match(outcome.stdout, /^HTTP\/1\.1 404 .*\r\nserver: weir\r\n/s, outcomeText(outcome));
      assert.deepEqual(world.lab.seen(), []);
      const line = await outcome.line();
      assert.deepEqual(
        [line['response_code'], line['response_flags'], line['reason'], line['upstream_host']],
        [404, 'NR', 'no-route', null],
      );
      assert.equal(hostOf(line['downstream_remote_address']), client);
    });

    wire('B08: a path that the host’s routes do not take: 404 too', async () => {
      await world.inForce(SEED);
      const outcome = await curl('-sSi', `${at('gw')}:80/get`, '-Hhost:httpbin.org');
      assert.match(outcome.stdout, /^HTTP\/1\.1 404 .*\r\nx-weir-reason: no-route\r\n/s, outcomeText(outcome));
      assert.deepEqual(world.lab.seen(), []);
    });

    wire('B09: in the mesh both are blocked: 127.0.0.1 is dialled by nobody', async () => {
      await world.inForce(SEED);
      const outcome = await callFrom(world, 'sleep', flag, '-sSI', 'http://httpbin.org/status/418');
      assert.match(outcome.stdout, /^HTTP\/1\.1 503 /, outcomeText(outcome));
      const line = await outcome.mesh();
      assert.deepEqual(
        [line['response_code'], line['response_flags'], line['upstream_host'], line['reason']],
        [503, 'UF', null, 'address-forbidden'],
      );
      const secure = await callFrom(world, 'sleep', flag, '-sSI', 'https://edition.cnn.com');
      assert.equal(secure.code, 35, outcomeText(secure));
      const tls = await secure.mesh();
      assert.deepEqual(
        [tls['response_flags'], tls['upstream_host'], tls['requested_server_name']],
        ['UF', null, 'edition.cnn.com'],
      );
      assert.deepEqual(world.lab.seen(), []);
    });

    wire('B12: HTTP at the port of TLS is closed', async () => {
      await world.inForce(SEED);
      const outcome = await curl('-sS', `http://${at('gw')}:443/`, '-Hhost:edition.cnn.com');
      assert.ok([52, 56].includes(outcome.code), outcomeText(outcome));
      assert.deepEqual(world.lab.seen(), []);
      const line = await outcome.line();
      assert.deepEqual([line['verdict'], line['upstream_host']], ['deny', null]);
    });

    wire('B12: TLS at the port of HTTP is closed', async () => {
      await world.inForce(SEED);
      const outcome = await curl('-sSk', '--connect-to', `::${at('gw')}:80`, 'https://httpbin.org');
      assert.equal(outcome.code, 35, outcomeText(outcome));
      assert.deepEqual(world.lab.seen(), []);
      const line = await outcome.line();
      assert.deepEqual([line['verdict'], line['upstream_host']], ['deny', null]);
    });

    wire('B14: an endpoint without ports is dialled at the Service’s; its own loopback only if told so', async () => {
      await world.inForce({ ...SEED, 'here.yaml': HERE });
      const allowed = await curl('-sSi', `${at('gw')}:80/`, '-Hhost:here.test');
      assert.match(allowed.stdout, /^HTTP\/1\.1 200 /, outcomeText(allowed));
      assert.deepEqual(
        world.lab.seen().map(({ origin, local }) => [origin, local]),
        [['gw-loopback', `127.0.0.1:${LOCAL_PORT}`]],
      );
      const refused = await curl('-sSi', `${at('gw-text')}:80/`, '-Hhost:here.test');
      assert.match(refused.stdout, /^HTTP\/1\.1 503 .*x-weir-reason: address-forbidden\r\n/s, outcomeText(refused));
      assert.deepEqual(world.lab.origin('gw-text-loopback'), []);
    });

    wire('B15: a DestinationRule with tls DISABLE and an SNI means plaintext', async () => {
      const host = 'httpbin.org';
      const rule = istioResource('DestinationRule', 'plain', {
        host,
        trafficPolicy: { tls: { mode: 'DISABLE', sni: host } },
      });
      await world.inForce({ ...SEED, 'rule.yaml': rule });
      const outcome = await curl('-sSi', `${at('gw')}:80/status/418`, `-Hhost:${host}`);
      assert.match(outcome.stdout, /^HTTP\/1\.1 418 /, outcomeText(outcome));
      assert.deepEqual(
        world.lab.origin(host).map(({ tls, local }) => [tls, local.endsWith(':80')]),
        [[false, true]],
      );
    });
  });
}

function camelCase(text: string): string {
  assert.match(text, /sni_hosts/);
  return text.replaceAll('sni_hosts', 'sniHosts');
}
