/** TLS by its SNI and plain TCP through a gateway: for whom it is listed, and for nobody else. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { talkAll } from '../support/clients/captured-pod.ts';
import { callFrom } from '../support/clients/egress-call.ts';
import {
  bracketed,
  type EgressWorld,
  egressWorld,
  FAMILIES,
  hostOf,
  tellingAll,
} from '../support/clients/egress-world.ts';
import { serviceEntry } from '../support/lab/captured.ts';
import { EGRESS_GATEWAY, istioResource } from '../support/lab/resources.ts';
import { outcomeText } from '../support/lab/run.ts';
import { waitFor } from '../support/lab/wait.ts';

const CNN = 'edition.cnn.com';
const DB = { v4: '203.0.113.17', v6: '2001:db8:ee::17' } as const;

const to = (host: string, port: number) => [{ destination: { host, port: { number: port } } }];
const sni = (gateway: string, host: string) => [{ gateways: [gateway], port: 443, sniHosts: [host] }];

/** To the gateway's own namespace too: a client from outside sees what the gateway does. */
const VISIBLE = ['mytest', 'istio-system'];

/** Who may dial the gateway itself, and what curl says to those who may not. */
const DIALLERS = [
  { place: 'sleep', code: 0, reason: 'granted' },
  { place: 'other', code: 35, reason: 'not-listed' },
  { place: 'stranger', code: 35, reason: 'source-unknown' },
  { place: 'ext', code: 0, reason: 'granted' },
] as const;

const FILES = {
  'entries.yaml': [
    serviceEntry({ hosts: [CNN, 'github.com'], name: 'tls', ports: [[443, 'TLS']], exportTo: VISIBLE }),
    serviceEntry({ hosts: ['db.test'], ports: [[3306, 'TCP']], exportTo: VISIBLE }),
  ].join('---\n'),
  'gateway.yaml': istioResource('Gateway', 'egress-gw', {
    selector: { istio: 'egressgateway' },
    servers: [
      { port: { number: 443, name: 'tls', protocol: 'TLS' }, tls: { mode: 'PASSTHROUGH' }, hosts: [CNN] },
      { port: { number: 3306, name: 'tcp', protocol: 'TCP' }, hosts: ['*'] },
    ],
  }),
  'routes.yaml': [
    istioResource('VirtualService', 'cnn', {
      hosts: [CNN],
      gateways: ['egress-gw', 'mesh'],
      tls: [
        { match: sni('mesh', CNN), route: to(EGRESS_GATEWAY, 443) },
        { match: sni('egress-gw', CNN), route: to(CNN, 443) },
      ],
    }),
    // The gateway has no server for this one.
    istioResource('VirtualService', 'github', {
      hosts: ['github.com'],
      tls: [{ match: sni('mesh', 'github.com'), route: to(EGRESS_GATEWAY, 443) }],
    }),
    istioResource('VirtualService', 'db', {
      hosts: ['db.test'],
      gateways: ['egress-gw', 'mesh'],
      tcp: [
        { match: [{ gateways: ['mesh'], port: 3306 }], route: to(EGRESS_GATEWAY, 3306) },
        { match: [{ gateways: ['egress-gw'], port: 3306 }], route: to('db.test', 3306) },
      ],
    }),
  ].join('---\n'),
};

let world: EgressWorld;
before(async () => {
  world = await egressWorld({
    workloads: { sleep: 'mytest/sleep-a', other: 'default/other' },
    gateways: [{ pod: 'gw' }],
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

for (const { flag, of } of FAMILIES) {
  describe(`over IP${of}`, () => {
    wire('TLS goes by its SNI: the origin’s certificate, the SNI and the pod on the line', async () => {
      const outcome = await callFrom(world, 'sleep', flag, '-sSv', 'https://edition.cnn.com');
      assert.equal(outcome.code, 0, outcomeText(outcome));
      assert.match(outcome.stderr, /subject: CN=edition\.cnn\.com/);
      assert.match(outcome.stderr, /issuer: CN=Weir lab CA/);
      const line = await outcome.line();
      assert.deepEqual(
        [line['requested_server_name'], line['upstream_cluster'], line['response_code'], line['protocol']],
        ['edition.cnn.com', 'outbound|443||edition.cnn.com', 0, null],
      );
      assert.equal(hostOf(line['downstream_remote_address']), world.lab.pod('sleep')[of]);
      assert.deepEqual([line['source_namespace'], line['source_workload']], ['mytest', 'sleep-a']);
      const seen = await waitFor('the end', () =>
        world.lab.origin('edition.cnn.com').find(({ end }) => end !== 'open'),
      );
      assert.deepEqual([line['bytes_received'], line['bytes_sent']], [seen.received, seen.sent]);
      assert.equal(hostOf(seen.peer), hostOf(line['upstream_local_address']));
    });

    wire('an SNI that the gateway does not serve: closed, no origin is asked', async () => {
      const outcome = await callFrom(world, 'sleep', flag, '-sS', 'https://github.com');
      assert.equal(outcome.code, 35, outcomeText(outcome));
      const line = await outcome.line();
      assert.deepEqual(
        [line['reason'], line['response_flags'], line['requested_server_name'], line['upstream_host']],
        ['no-route', 'NR', 'github.com', null],
      );
      assert.deepEqual(world.lab.seen(), []);
    });

    for (const place of ['sleep', 'ext']) {
      wire(`no SNI, from ${place} itself: closed`, async () => {
        const url = `https://${bracketed(world.lab.pod('gw')[of])}/`;
        const outcome = await callFrom(world, place, '-sSk', url);
        assert.equal(outcome.code, 35, outcomeText(outcome));
        const line = await outcome.line();
        assert.deepEqual(
          [line['reason'], line['requested_server_name'], line['upstream_host']],
          ['no-route', null, null],
        );
        assert.deepEqual(world.lab.seen(), []);
      });
    }

    for (const { place, code, reason } of DIALLERS) {
      wire(`TLS: ${place} dials the gateway itself: ${reason}`, async () => {
        const to = `::${bracketed(world.lab.pod('gw')[of])}:443`;
        const called = await callFrom(world, place, '-sS', '--connect-to', to, `https://${CNN}`);
        assert.equal(called.code, code, outcomeText(called));
        const line = await called.line();
        assert.deepEqual([line['reason'], line['requested_server_name']], [reason, CNN]);
        assert.equal(world.lab.seen().length, code === 0 ? 1 : 0);
      });

      wire(`TCP: ${place} dials the gateway itself: ${reason}`, async () => {
        const steps = [{ expect: 'HELLO\n' }, { half: 'close' }, { until: 'end' }] as const;
        const [told] = await talkAll(world.lab, [{ host: world.lab.pod('gw')[of], port: 3306, steps }], place);
        assert.equal(told?.received, code === 0 ? 'HELLO\n' : '');
        assert.notEqual(told?.end, 'open');
        const line = await world.gateway().accessLine((each) => each['downstream_remote_address'] === told?.local);
        assert.equal(line['reason'], reason);
        assert.equal(world.lab.seen().length, code === 0 ? 1 : 0);
      });
    }

    wire('TCP: a server that speaks first is heard at once, and both ends are told', async () => {
      const steps = [
        { expect: '^HELLO\n$' },
        { send: 'you\n' },
        { expect: 'you\n$' },
        { half: 'close' },
        { until: 'end' },
      ] as const;
      const script = { host: DB[of], port: 3306, steps };
      const [told] = await talkAll(world.lab, [script], 'sleep');
      assert.deepEqual([told?.received, told?.end, told?.stuckAt], ['HELLO\nyou\n', 'fin', null]);
      assert.ok(Number(told?.firstByteMs) < 1_000, `heard after ${told?.firstByteMs} ms`);
      const line = await world.gateway().accessLine((each) => each['downstream_remote_address'] === told?.local);
      assert.deepEqual(
        {
          from: line['downstream_remote_address'],
          cluster: line['upstream_cluster'],
          received: line['bytes_received'],
          sent: line['bytes_sent'],
          flags: line['response_flags'],
        },
        { from: told?.local, cluster: 'outbound|3306||db.test', received: 4, sent: 10, flags: '-' },
      );
      const [seen] = world.lab.origin('db.test');
      assert.equal(hostOf(seen?.peer), hostOf(line['upstream_local_address']));
    });
  });
}
