import { deepEqual } from 'node:assert/strict';
import { test } from 'node:test';
import type { Route, Target } from '../../../../agent/model/verdict.ts';
import type { Caller } from '../../../../agent/pipeline/caller.ts';
import { candidatesOf } from '../../../../agent/pipeline/candidates.ts';
import type { OwnPlace } from '../../../../agent/registry/may-dial.ts';
import { type EndpointHealth, endpointHealth } from '../../../../agent/upstream/health.ts';
import type { Resolution } from '../../../../agent/upstream/resolve/resolution.ts';
import { endpoint } from '../../../support/access-record.ts';
import { cidr, hostname, ip, port } from '../registry/builders.ts';

const ANSWERS: Readonly<Record<string, readonly string[]>> = {
  'good.test': ['203.0.113.1', '2001:db8::1'],
  'mixed.test': ['127.0.0.1', '203.0.113.2', '::1', '198.18.0.10'],
  'bad.test': ['127.0.0.1', '::1', '169.254.169.254', '198.18.0.10', '198.18.64.1'],
  'mapped.test': ['::ffff:127.0.0.1'],
};

const OWN = { addresses: new Set([ip('198.18.0.10')]), clusterCidrs: [cidr('198.18.64.0/18')] };

const SHOP: Caller = { key: '/run/netns/shop', namespace: 'shop', pod: 'web-0' };

function toOriginal(ip: string) {
  return { asked: { destination: endpoint(ip, 80), answers: undefined }, caller: SHOP };
}

/** At a gateway that was not told where the client dialled. */
const TO_NOWHERE = { asked: { destination: { ip: undefined, port: port(80) }, answers: undefined }, caller: SHOP };

function resolve(name: string): Resolution {
  const ips = ANSWERS[name]?.map(ip);
  return ips ? { kind: 'addresses', ips, cnames: [] } : { kind: 'none', because: 'nxdomain' };
}

type Circumstances = {
  readonly own?: OwnPlace;
  readonly asking?: ReturnType<typeof toOriginal> | typeof TO_NOWHERE;
  readonly unknown?: true;
  readonly random?: number;
  readonly health?: EndpointHealth;
};

async function found(dial: Route['dial'], targets: readonly Target[], original = '203.0.113.9'): Promise<unknown> {
  return foundIn({ asking: toOriginal(original) }, targets, dial);
}

async function foundIn(
  { own = OWN, asking = toOriginal('203.0.113.9'), unknown, random = 0, health }: Circumstances,
  targets: readonly Target[],
  dial: Route['dial'] = 'name',
): Promise<unknown> {
  const route: Route = { via: 'direct', dial, targets, cluster: 'outbound|80||x', ...(unknown && { unknown }) };
  const options = { resolve, ownPlace: () => own, random: () => random, health: health ?? endpointHealth(() => 0) };
  const candidates = await candidatesOf(route, asking, options);
  if (candidates.ok) return candidates.endpoints.map((each) => `${each.ip} ${each.port}`);
  const { code, httpStatus, flag } = candidates.failure;
  return `${code} ${httpStatus} ${flag}`;
}

const named = (name: string): Target => ({ kind: 'name', name: hostname(name), port: port(80), weight: 1 });
const at = (address: string, weight = 1): Target => ({ kind: 'endpoint', endpoint: endpoint(address, 81), weight });
const served = (address: string): Target => ({ kind: 'service', endpoint: endpoint(address, 81), weight: 1 });

test('the original destination, unless it is never dialled', async () => {
  deepEqual(await found('original', []), ['203.0.113.9 80']);
  for (const original of ['127.0.0.1', '::1', '169.254.169.254', '198.18.0.10', '198.18.64.9', '255.255.255.255'])
    deepEqual(await found('original', [], original), 'address-forbidden 502 -', original);
});

test("a name's addresses with the port of the target, whatever the original destination was", async () => {
  deepEqual(await found('name', [named('good.test')], '127.0.0.1'), ['203.0.113.1 80', '2001:db8::1 80']);
});

test('a name loses the addresses that are never dialled; if none is left it is refused', async () => {
  deepEqual(await found('name', [named('mixed.test')]), ['203.0.113.2 80']);
  deepEqual(await found('name', [named('bad.test')]), 'address-forbidden 503 UH');
  deepEqual(await found('name', [named('mapped.test')]), 'address-forbidden 503 UH');
});

test('a name without addresses is another failure than no target at all', async () => {
  deepEqual(await found('name', [named('none.test')]), 'resolve-failed 503 UH');
  deepEqual(await found('name', []), 'no-endpoint 503 UH');
});

test('endpoints of a resource: the permitted ones, the chosen one first', async () => {
  deepEqual(await found('name', [at('127.0.0.1')]), 'address-forbidden 503 UF');
  deepEqual(await found('name', [at('127.0.0.1'), at('203.0.113.3')]), ['203.0.113.3 81']);
  deepEqual(await found('name', [at('203.0.113.3', 1), at('203.0.113.4', 9)]), ['203.0.113.3 81', '203.0.113.4 81']);
});

test('the address judged is the address dialled: the own place is asked after resolution', async () => {
  const steps: string[] = [];
  const route: Route = { via: 'direct', dial: 'name', targets: [named('good.test')], cluster: '' };
  await candidatesOf(route, toOriginal('203.0.113.9'), {
    resolve: async (name) => {
      await Promise.resolve();
      steps.push('resolved');
      return resolve(name);
    },
    ownPlace: () => {
      steps.push('asked');
      return OWN;
    },
    random: () => 0,
    health: endpointHealth(() => 0),
  });
  deepEqual(steps, ['resolved', 'asked']);
});

test('a range of the cluster is dialled for a Service alone', async () => {
  const inside = '198.18.64.9';
  deepEqual(await found('name', [served(inside)]), ['198.18.64.9 81']);
  deepEqual(await found('name', [at(inside)]), 'address-forbidden 503 UF');
  deepEqual(await found('name', [at(inside), served('198.18.64.10')]), ['198.18.64.10 81']);
  deepEqual(await found('original', [], inside), 'address-forbidden 502 -');
});

test('a Service opens nothing else that is never dialled', async () => {
  for (const never of ['127.0.0.1', '::1', '169.254.169.254', '198.18.0.10', '0.0.0.0', '224.0.0.1'])
    deepEqual(await found('name', [served(never)]), 'address-forbidden 503 UF', never);
});

test('the own loopback is dialled for an endpoint of a resource alone, and only where that is switched on', async () => {
  const own = {
    ...OWN,
    addresses: new Set([...OWN.addresses, ip('127.0.0.1'), ip('::1')]),
    localEndpoints: { exceptPorts: new Set<number>() },
  };
  deepEqual(await foundIn({ own }, [at('127.0.0.1'), at('::1'), at('127.8.8.8')]), [
    '127.0.0.1 81',
    '::1 81',
    '127.8.8.8 81',
  ]);
  for (const never of ['198.18.0.10', '169.254.169.254', '198.18.64.9', '0.0.0.0'])
    deepEqual(await foundIn({ own }, [at(never)]), 'address-forbidden 503 UF', `${never} is no loopback`);
  deepEqual(await foundIn({ own }, [served('127.0.0.1')]), 'address-forbidden 503 UF', 'of a Service');
  deepEqual(await foundIn({ own }, [named('mapped.test')]), 'address-forbidden 503 UH', 'an answer of DNS');
  deepEqual(await foundIn({ own, asking: toOriginal('127.0.0.1') }, [], 'original'), 'address-forbidden 502 -');
  deepEqual(await foundIn({ own: OWN }, [at('127.0.0.1')]), 'address-forbidden 503 UF');
  const itself = { ...own, localEndpoints: { exceptPorts: new Set([81]) } };
  deepEqual(
    await foundIn({ own: itself }, [at('127.0.0.1')]),
    'address-forbidden 503 UF',
    'a port of its own listeners',
  );
});

test('a destination that is in no resource is another failure than one without endpoints', async () => {
  deepEqual(await foundIn({ unknown: true }, []), 'no-endpoint 503 NC');
  deepEqual(await foundIn({}, []), 'no-endpoint 503 UH');
});

test('where the client dialled is not known: there is no original destination, all else is as before', async () => {
  const asking = TO_NOWHERE;
  deepEqual(await foundIn({ asking }, [], 'original'), 'no-endpoint 503 UH');
  deepEqual(await foundIn({ asking }, [named('good.test')]), ['203.0.113.1 80', '2001:db8::1 80']);
  deepEqual(await foundIn({ asking }, [served('2001:db8::1'), served('203.0.113.1')]), [
    '2001:db8::1 81',
    '203.0.113.1 81',
  ]);
});

test("a Service's addresses of the family that the client dialled come first, others as they are", async () => {
  const both = ['2001:db8::1', '203.0.113.1', '2001:db8::2', '203.0.113.2'];
  const [v6, v4] = [['2001:db8::1 81', '2001:db8::2 81'] as const, ['203.0.113.1 81', '203.0.113.2 81'] as const];
  const services = both.map((each) => served(each));
  deepEqual(await found('name', services), [...v4, ...v6]);
  deepEqual(await found('name', services, '2001:db8::9'), [...v6, ...v4]);
  const endpoints = both.map((each) => at(each));
  deepEqual(
    await found('name', endpoints),
    both.map((each) => `${each} 81`),
  );
});

test('what could not be reached lately comes last', async () => {
  const health = endpointHealth(() => 0);
  health.failed(endpoint('203.0.113.3', 81));
  const targets = [at('203.0.113.3', 9), at('203.0.113.4', 1)];
  deepEqual(await foundIn({ health }, targets), ['203.0.113.4 81', '203.0.113.3 81']);
  deepEqual(await foundIn({ health }, targets.slice(0, 1)), ['203.0.113.3 81'], 'or is all there is');
});
