import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Answer } from 'dns-packet';
import * as fc from 'fast-check';
import { interpret, MAX_ALIASES, type Step } from '../../../../../agent/upstream/resolve/interpret.ts';
import { addressRecord, aliasRecord, soaRecord } from '../../../../support/dns-server.ts';
import { name, RCODE, V4 } from '../../../../support/dns-zone.ts';

const NAME = name('api.example');
const SOA = soaRecord('example', 300, 60);

const cases: readonly { says: string; rcode?: number; answers?: Answer[]; authorities?: Answer[]; want: object }[] = [
  {
    says: 'addresses',
    answers: [addressRecord('api.example', V4, 30)],
    want: { kind: 'addresses', ips: [V4], ttl: 30, cnames: [] },
  },
  {
    says: 'owner in other letters',
    answers: [addressRecord('API.Example', V4, 30)],
    want: { kind: 'addresses', ips: [V4], ttl: 30, cnames: [] },
  },
  {
    says: 'only another type',
    answers: [addressRecord('api.example', '2001:db8::1')],
    authorities: [SOA],
    want: { kind: 'absent', because: 'no-data', ttl: 60 },
  },
  {
    says: 'the SOA itself lives shorter than its minimum',
    rcode: RCODE.nxdomain,
    authorities: [soaRecord('example', 5, 60)],
    want: { kind: 'absent', because: 'nxdomain', ttl: 5 },
  },
  {
    says: 'NXDOMAIN without SOA',
    rcode: RCODE.nxdomain,
    want: { kind: 'absent', because: 'nxdomain', ttl: undefined },
  },
  {
    says: 'NXDOMAIN of the end of a chain',
    rcode: RCODE.nxdomain,
    answers: [aliasRecord('api.example', 'b.example')],
    want: { kind: 'absent', because: 'nxdomain', ttl: undefined },
  },
  {
    says: 'a chain that leaves the answer',
    answers: [aliasRecord('api.example', 'b.example', 9)],
    want: { kind: 'alias', to: 'b.example', ttl: 9, cnames: ['b.example'] },
  },
  {
    says: 'a chain to a name without data',
    answers: [aliasRecord('api.example', 'b.example')],
    authorities: [SOA],
    want: { kind: 'absent', because: 'no-data', ttl: 60 },
  },
  {
    says: 'an alias that is no name',
    answers: [aliasRecord('api.example', '10.0.0.1')],
    want: { kind: 'failed', because: 'bad-answer' },
  },
  {
    says: 'an address that is none',
    answers: [{ ...addressRecord('api.example', V4), data: 'x' } as Answer],
    want: { kind: 'failed', because: 'bad-answer' },
  },
  {
    says: 'another class',
    answers: [{ ...addressRecord('api.example', V4), class: 'CH' } as Answer],
    authorities: [SOA],
    want: { kind: 'absent', because: 'no-data', ttl: 60 },
  },
  { says: 'SERVFAIL', rcode: RCODE.servfail, want: { kind: 'failed', because: 'servfail' } },
  { says: 'an unknown code', rcode: 11, want: { kind: 'failed', because: 'servfail' } },
  { says: 'REFUSED', rcode: RCODE.refused, want: { kind: 'failed', because: 'refused' } },
  ...[1, 4, 16].map((rcode) => ({ says: `code ${rcode}`, rcode, want: { kind: 'failed', because: 'not-understood' } })),
];

describe('interpret', () => {
  for (const { says, rcode = 0, answers = [], authorities = [], want } of cases) {
    test(says, () => assert.deepEqual(step(rcode, answers, authorities), want));
  }

  test('a chain of the longest length allowed, and one longer', () => {
    assert.equal(step(0, chain(MAX_ALIASES)).kind, 'addresses');
    assert.equal(step(0, chain(MAX_ALIASES + 1)).kind, 'failed');
  });

  test('a name that was followed before is a loop', () => {
    const reply = {
      kind: 'records',
      rcode: 0,
      answers: [aliasRecord('b.example', 'api.example')],
      authorities: [],
    } as const;
    assert.deepEqual(interpret(name('b.example'), 'A', reply, [NAME]), { kind: 'failed', because: 'bad-answer' });
  });

  test('whatever the aliases are, it ends, and addresses come only from the end of the chain', () => {
    const label = fc.constantFrom('api', 'b', 'c', 'd').map((text) => `${text}.example`);
    const record = fc.oneof(
      fc.tuple(label, label).map(([from, to]) => aliasRecord(from, to)),
      label.map((owner) => addressRecord(owner, `198.18.0.${owner.charCodeAt(0)}`)),
    );
    fc.assert(
      fc.property(fc.array(record, { maxLength: 8 }), (answers) => {
        const result = step(0, answers);
        if (result.kind !== 'addresses') return;
        const end = result.cnames.at(-1) ?? NAME;
        assert.ok(result.ips.every((ip) => ip === `198.18.0.${end.charCodeAt(0)}`));
      }),
    );
  });
});

function step(rcode: number, answers: readonly Answer[], authorities: readonly Answer[] = []): Step {
  return interpret(NAME, 'A', { kind: 'records', rcode, answers, authorities }, []);
}

/** So many aliases in a row, and an address at their end. */
function chain(length: number): readonly Answer[] {
  const names = ['api.example', ...Array.from({ length }, (_, at) => `n${at}.example`)];
  const aliases = names.slice(1).map((to, at) => aliasRecord(names[at] ?? '', to));
  return [...aliases, addressRecord(names.at(-1) ?? '', V4)];
}
