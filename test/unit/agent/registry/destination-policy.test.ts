import { equal } from 'node:assert/strict';
import { test } from 'node:test';
import { upstreamTls } from '../../../../agent/registry/destination-policy.ts';
import { port } from './builders.ts';
import { destinationRule, setOf } from './resources.ts';

const tls = (mode: string) => ({ tls: { mode } });

const [POLICY] = setOf({
  written: [
    destinationRule({
      host: 'api.test',
      trafficPolicy: { ...tls('SIMPLE'), portLevelSettings: [{ port: { number: 80 }, ...tls('DISABLE') }] },
      subsets: [{ name: 'clear', trafficPolicy: tls('DISABLE') }, { name: 'same' }],
    }),
  ],
}).destinationPolicies;

for (const [says, at, subset, want] of [
  ['the host', 443, undefined, 'encrypted'],
  ['a port of its own', 80, undefined, 'plain'],
  ['a subset of its own, whatever the port', 443, 'clear', 'plain'],
  ['a subset that says nothing: as the port', 80, 'same', 'plain'],
  ['a subset that nobody has: as the host', 443, 'none', 'encrypted'],
] as const) {
  test(says, () => equal(POLICY && upstreamTls(POLICY, port(at), subset), want));
}
