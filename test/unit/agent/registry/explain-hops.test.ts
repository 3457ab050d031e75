import { deepEqual, equal, match } from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Evidence } from '../../../../agent/model/evidence.ts';
import type { FlowFacts, Hop } from '../../../../agent/model/flow.ts';
import { explainHops, type HopsExplanation } from '../../../../agent/registry/explain-hops.ts';
import { assumed, cidr, flow, hostname, http, MESH, OPAQUE, type Said } from './builders.ts';
import {
  arriving,
  destinationRule,
  GATEWAY,
  gateway,
  pod,
  service,
  setOf,
  slice,
  to,
  virtualService,
  type Written,
} from './resources.ts';

const API: Said = { name: 'api', hosts: ['api.test'], ports: ['80 http'] };
const OWN = { addresses: new Set<never>(), clusterCidrs: [cidr('198.18.64.0/18')] };
const TOLD = { annotations: { 'weir.dev/gateway-transport': 'proxy-v2' } };
const EGRESS = 'egress.istio-system.svc.cluster.local';
const POD = pod('istio-system', 'egress-0', { istio: 'egressgateway' });
const ENDPOINTS = slice('egress', ['p80 80'], ['198.18.64.7']);
const AT_GATEWAY = { name: 'out', match: [{ gateways: ['egress-gw'], port: 80 }], route: [to('api.test:80')] };
const routes = (...more: readonly object[]) =>
  virtualService({
    hosts: ['api.test'],
    gateways: ['mesh', 'egress-gw'],
    http: [{ name: 'in', match: [{ gateways: ['mesh'], port: 80 }], route: [to(`${EGRESS}:80`)] }, ...more],
  });

/** The egress gateway of the user's story. */
const STORY: readonly Written[] = [gateway(['80 HTTP api.test']), routes(AT_GATEWAY), POD, ENDPOINTS];

function explained(
  written: readonly Written[],
  listed: readonly Said[] = [API],
  {
    hop = MESH,
    facts = flow('203.0.113.9:80', http('api.test')),
    localEndpoints = false,
  }: { readonly hop?: Hop; readonly facts?: FlowFacts; readonly localEndpoints?: boolean } = {},
): HopsExplanation {
  const known = { ...OWN, localEndpoints };
  return explainHops(
    setOf({ listed, written }),
    hop,
    { ...facts, answers: assumed(null) },
    known,
    hostname('api.test'),
  );
}

test('both hops stand in the trace, the second with its name', () => {
  const answer = explained([...STORY, service('egress', ['80'], TOLD)]);
  deepEqual([answer.verdict, answer.via, answer.dial, answer.problems], ['allow', 'gateway', 'name', []]);
  deepEqual(answer.trace, [
    'ServiceEntry shop/api admits Host api.test on port 80 (http)',
    'VirtualService shop/api is for api.test (hop mesh)',
    'its http[0] takes this',
    'it goes to Service istio-system/egress, port 80',
    'dialled: 198.18.64.7 port 80',
    'gateway:istio-system/egress: VirtualService shop/api is for api.test by Gateway shop/egress-gw',
    'gateway:istio-system/egress: its http[1] takes this',
    'gateway:istio-system/egress: it goes to api.test, port 80, by ServiceEntry shop/api',
    'gateway:istio-system/egress: ServiceEntry shop/api admits Host api.test on port 80 (http)',
    'gateway:istio-system/egress: dialled: an address of api.test by our own resolution, port 80',
  ]);
  deepEqual(
    [answer.next?.hop, answer.next?.verdict, answer.next?.via],
    ['gateway:istio-system/egress', 'allow', 'direct'],
  );
});

test('transport plain is said: the gateway is not told who calls', () => {
  const hidden = { ...API, to: ['shop', 'istio-system'] };
  const answer = explained([...STORY, service('egress', ['80'])], [hidden]);
  equal(answer.next?.verdict, 'allow');
  match(answer.next?.trace[0] ?? '', /^transport plain: the gateway is not told who calls/);
  equal(answer.trace.filter((step) => step.includes('transport plain')).length, 1);
});

test('the gateway judges whom it is told of, else a client from outside, by what it sees itself', () => {
  const forShop = [{ ...API, to: ['shop'] }];
  deepEqual(explained([...STORY, service('egress', ['80'], TOLD)], forShop).problems, []);
  deepEqual(explained([...STORY, service('egress', ['80'])], forShop).problems, [
    'no endpoint is known: the dial fails with 503 (NC)',
  ]);
});

const refusals: readonly {
  readonly says: string;
  readonly written: readonly Written[];
  readonly listed?: readonly Said[];
  readonly shows?: Evidence;
  readonly problem: string;
}[] = [
  {
    says: 'no route at the gateway (A19)',
    written: [gateway(['80 HTTP api.test']), routes(), POD, ENDPOINTS, service('egress', ['80'], TOLD)],
    problem: 'gateway:istio-system/egress refuses it (no-route): it answers 404',
  },
  {
    says: 'no Gateway (A21)',
    written: [routes(AT_GATEWAY), POD, ENDPOINTS, service('egress', ['80'], TOLD)],
    problem: 'gateway:istio-system/egress refuses it (no-route): it answers 404',
  },
  {
    says: 'a DestinationRule that asks for TLS',
    written: [
      ...STORY,
      service('egress', ['80'], TOLD),
      destinationRule({ host: 'api.test', trafficPolicy: { tls: { mode: 'SIMPLE' } } }),
    ],
    problem: 'gateway:istio-system/egress refuses it (tls-not-originated): it answers 503',
  },
  {
    says: 'TCP that the gateway takes no more',
    written: [
      gateway(['80 HTTP api.test']),
      virtualService({ hosts: ['db.test'], tcp: [{ route: [to(`${EGRESS}:80`)] }] }),
      POD,
      ENDPOINTS,
      service('egress', ['80'], TOLD),
    ],
    listed: [{ name: 'db', hosts: ['db.test'], ports: ['80 tcp'] }],
    shows: OPAQUE,
    problem: 'gateway:istio-system/egress refuses it (protocol-mismatch): it closes the connection',
  },
];

describe("the gateway's refusal is among the problems", () => {
  for (const { says, written, listed, shows = http('api.test'), problem } of refusals) {
    test(says, () => {
      const answer = explained(written, listed, { facts: flow('203.0.113.9:80', shows) });
      deepEqual([answer.verdict, answer.next?.verdict], ['allow', 'deny']);
      deepEqual(answer.problems, [problem]);
    });
  }
});

test("so are the gateway's own problems", () => {
  const written = [
    gateway(['80 HTTP api.test']),
    routes({ name: 'out', match: [{ gateways: ['egress-gw'] }], route: [to('none.test:80')] }),
    POD,
    ENDPOINTS,
    service('egress', ['80'], TOLD),
  ];
  deepEqual(explained(written).problems, ['no endpoint is known: the dial fails with 503 (NC)']);
});

const without: readonly {
  readonly says: string;
  readonly written: readonly Written[];
  readonly listed?: readonly Said[];
}[] = [
  { says: 'it goes direct', written: [] },
  { says: 'it is refused', written: [...STORY, service('egress', ['80'])], listed: [] },
  {
    says: 'the gateway has no endpoint',
    written: [gateway(['80 HTTP api.test']), routes(AT_GATEWAY), service('egress', ['80'])],
  },
];

describe('there is no second hop where', () => {
  for (const { says, written, listed } of without) {
    test(says, () => equal('next' in explained(written, listed), false));
  }
});

const served = [gateway(['80 HTTP api.test']), routes(AT_GATEWAY)];
const named: readonly {
  readonly says: string;
  readonly name: string;
  readonly written: readonly Written[];
  readonly want: string;
}[] = [
  { says: 'its Pod', name: 'egress-0', written: [POD], want: 'allow' },
  {
    says: 'its Service, by the labels of a Pod that it selects',
    name: 'egress',
    written: [POD, service('egress', ['80'])],
    want: 'allow',
  },
  {
    says: 'its Service, by its selector where no Pod is known',
    name: 'egress',
    written: [service('egress', ['80'])],
    want: 'allow',
  },
  {
    says: 'its Service, whose Pods have more labels than it selects by',
    name: 'egress',
    written: [
      POD,
      service('egress', ['80'], {}, { selector: { istio: 'egressgateway' } }),
      gateway(['81 HTTP *'], { name: 'x' }, { zone: 'a' }),
    ],
    want: 'allow',
  },
  {
    says: 'a Service of other Pods',
    name: 'other',
    written: [POD, service('other', ['80'], {}, { selector: { app: 'x' } })],
    want: 'deny',
  },
  {
    says: 'a Service without selector',
    name: 'egress',
    written: [service('egress', ['80'], {}, { selector: {} })],
    want: 'deny',
  },
  { says: 'nobody', name: 'none', written: [POD, service('egress', ['80'])], want: 'deny' },
  {
    says: 'a Pod of another namespace',
    name: 'egress-0',
    written: [pod('shop', 'egress-0', { istio: 'egressgateway' })],
    want: 'deny',
  },
];

describe('a gateway is named by', () => {
  for (const { says, name, written, want } of named) {
    test(says, () => {
      const hop = { ...GATEWAY, name };
      const answer = explained([...served, ...written], [API], { hop, facts: arriving(80, http('api.test')) });
      equal(answer.verdict, want);
      equal('next' in answer, false, 'a gateway is the last hop');
    });
  }
});

test('a Service may lie in a range of the cluster, a listed endpoint may not', () => {
  equal(explained([...STORY, service('egress', ['80'], TOLD)]).verdict, 'allow');
  const inside = explained([], [{ ...API, reach: ['198.18.64.7'] }]);
  deepEqual([inside.verdict, inside.reason, inside.status], ['deny', 'address-forbidden', 503]);
});

describe('--allow-local-endpoints', () => {
  const written = [...STORY, service('egress', ['80'], TOLD)];
  const listening = (port: number): readonly Said[] => [{ ...API, ports: [`80 http ${port}`], reach: ['127.0.0.1'] }];
  const asked = { hop: GATEWAY, facts: arriving(80, http('api.test')) };

  test("lets the gateway that is asked dial its own loopback, but for its listeners'", () => {
    const at = (port: number, localEndpoints: boolean) =>
      explained(written, listening(port), { ...asked, localEndpoints });
    equal(at(8081, false).reason, 'address-forbidden');
    equal(at(8081, true).verdict, 'allow');
    for (const port of [80, 15_020, 15_021]) equal(at(port, true).reason, 'address-forbidden', String(port));
  });

  test('lets the gateway on the way do so', () => {
    equal(explained(written, listening(8081)).next?.reason, 'address-forbidden');
    equal(explained(written, listening(8081), { localEndpoints: true }).next?.verdict, 'allow');
  });

  test('lets nobody beside a workload do so', () => {
    equal(explained([], listening(8081), { localEndpoints: true }).reason, 'address-forbidden');
  });
});

test('of several ways each is told with its weight; the gateway among them is asked', () => {
  const split = virtualService({
    hosts: ['api.test'],
    gateways: ['mesh', 'egress-gw'],
    http: [
      { match: [{ gateways: ['mesh'] }], route: [to('api.test:80', 1), to(`${EGRESS}:80`, 3)] },
      { match: [{ gateways: ['egress-gw'] }], route: [to('api.test:80')] },
    ],
  });
  const answer = explained([gateway(['80 HTTP api.test']), split, POD, ENDPOINTS, service('egress', ['80'], TOLD)]);
  deepEqual(
    answer.trace.filter((step) => step.startsWith('weight')),
    [
      'weight 1: dialled: an address of api.test by our own resolution, port 80',
      'weight 3: dialled: 198.18.64.7 port 80',
    ],
  );
  equal(answer.next?.verdict, 'allow');
});
