import { deepEqual } from 'node:assert/strict';
import { test } from 'node:test';
import type { Route, Target } from '../../../../agent/model/verdict.ts';
import { candidatesOf } from '../../../../agent/pipeline/candidates.ts';
import type { EnrolledNamespace } from '../../../../agent/pipeline/enrolled-namespace.ts';
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

const SHOP: EnrolledNamespace = { netns: undefined, namespace: 'shop', pod: 'web-0' };

function resolve(name: string): Resolution {
  const ips = ANSWERS[name]?.map(ip);
  return ips ? { kind: 'addresses', ips, cnames: [] } : { kind: 'none', because: 'nxdomain' };
}

async function found(dial: Route['dial'], targets: readonly Target[], original = '203.0.113.9'): Promise<unknown> {
  const route: Route = { via: 'direct', dial, targets, cluster: 'outbound|80||x' };
  const options = { resolve, ownPlace: () => OWN, random: () => 0 };
  const candidates = await candidatesOf(route, { destination: endpoint(original, 80), enrolled: SHOP }, options);
  if (candidates.ok) return candidates.endpoints.map((each) => `${each.ip} ${each.port}`);
  const { code, httpStatus, flag } = candidates.failure;
  return `${code} ${httpStatus} ${flag}`;
}

const named = (name: string): Target => ({ kind: 'name', name: hostname(name), port: port(80), weight: 1 });
const at = (address: string, weight = 1): Target => ({ kind: 'endpoint', endpoint: endpoint(address, 81), weight });

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
  await candidatesOf(
    route,
    { destination: endpoint('203.0.113.9', 80), enrolled: SHOP },
    {
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
    },
  );
  deepEqual(steps, ['resolved', 'asked']);
});
