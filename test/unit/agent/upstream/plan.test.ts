import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { endpointText, type IpAddress, parseIp } from '../../../../agent/model/address.ts';
import type { Hostname } from '../../../../agent/model/hostname.ts';
import type { Target } from '../../../../agent/model/verdict.ts';
import { dialPlan, namesToResolve } from '../../../../agent/upstream/plan.ts';
import type { Resolution } from '../../../../agent/upstream/resolve/resolution.ts';
import { endpoint } from '../../../support/access-record.ts';
import { name } from '../../../support/dns-zone.ts';

const RESOLUTIONS = new Map<Hostname, Resolution>([
  [name('api.example'), { kind: 'addresses', ips: ips('2001:db8::7', '203.0.113.7'), cnames: [] }],
  [
    name('pool.example'),
    { kind: 'addresses', ips: ips(...Array.from({ length: 200 }, (_, last) => `198.18.2.${last}`)), cnames: [] },
  ],
  [name('gone.example'), { kind: 'none', because: 'nxdomain' }],
]);

const cases: readonly { says: string; targets: readonly Target[]; random: number; want: readonly string[] }[] = [
  { says: 'no target, no endpoint', targets: [], random: 0, want: [] },
  {
    says: 'a name: its addresses in order',
    targets: [byName('api.example')],
    random: 0,
    want: ['[2001:db8::7]:443', '203.0.113.7:443'],
  },
  {
    says: 'a name with very many addresses: the first of them',
    targets: [byName('pool.example')],
    random: 0,
    want: Array.from({ length: 32 }, (_, last) => `198.18.2.${last}:443`),
  },
  { says: 'a name that is gone adds nothing', targets: [byName('gone.example')], random: 0, want: [] },
  { says: 'a name that was not asked adds nothing', targets: [byName('new.example')], random: 0, want: [] },
  {
    says: 'the lower part of the scale',
    targets: [at(1, 75), at(2, 25)],
    random: 0.74,
    want: ['203.0.113.1:80', '203.0.113.2:80'],
  },
  {
    says: 'the upper part of the scale',
    targets: [at(1, 75), at(2, 25)],
    random: 0.75,
    want: ['203.0.113.2:80', '203.0.113.1:80'],
  },
  {
    says: 'fallbacks, heaviest first',
    targets: [at(1, 1), at(2, 2), at(3, 7)],
    random: 0,
    want: ['203.0.113.1:80', '203.0.113.3:80', '203.0.113.2:80'],
  },
  { says: 'weight 0 gets nothing', targets: [at(1, 0), at(2, 1)], random: 0, want: ['203.0.113.2:80'] },
  {
    says: 'all weights 0: as if equal',
    targets: [at(1, 0), at(2, 0)],
    random: 0.5,
    want: ['203.0.113.2:80', '203.0.113.1:80'],
  },
  { says: 'the same endpoint twice counts once', targets: [at(1, 1), at(1, 1)], random: 0, want: ['203.0.113.1:80'] },
];

describe('dialPlan', () => {
  for (const { says, targets, random, want } of cases) {
    test(says, () => assert.deepEqual(dialPlan(targets, RESOLUTIONS, random).map(endpointText), want));
  }

  test('over all of [0, 1) every target is first as often as its weight says, and every endpoint is planned', () => {
    const weights = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(weights, (all) => {
        const targets = all.map((weight, host) => at(host + 1, weight));
        const total = all.reduce((sum, weight) => sum + weight, 0);
        const firsts = new Map<string, number>();
        for (let step = 0; step < total; step++) {
          const plan = dialPlan(targets, RESOLUTIONS, (step + 0.5) / total);
          assert.equal(plan.length, targets.length);
          const first = plan[0]?.ip ?? '';
          firsts.set(first, (firsts.get(first) ?? 0) + 1);
        }
        assert.deepEqual([...firsts.values()], all);
      }),
    );
  });
});

test('namesToResolve: each name once', () => {
  const targets = [byName('api.example'), at(1, 1), byName('api.example'), byName('gone.example')];
  assert.deepEqual(namesToResolve(targets), ['api.example', 'gone.example']);
});

function at(host: number, weight: number): Target {
  return { kind: 'endpoint', endpoint: endpoint(`203.0.113.${host}`, 80), weight };
}

function byName(text: string): Target {
  return { kind: 'name', name: name(text), port: endpoint('203.0.113.1', 443).port, weight: 1 };
}

function ips(...texts: readonly string[]): readonly IpAddress[] {
  return texts.map((text) => parseIp(text)).filter((ip) => ip !== undefined);
}
