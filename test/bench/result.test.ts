/** What a row says of its own worth. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CASES, type Case } from './cases.ts';
import { contendersOf } from './contenders.ts';
import { type ResultRow, resultRows } from './result.ts';
import type { Measured } from './rounds.ts';
import type { Run } from './run.ts';

const CALM = [100, 101, 102];
const RESTLESS = [100, 110, 120];

/** Direct and weir under one kept connection, with these values in its rounds; what is not said is calm. */
function kept(values: { readonly direct?: Partial<Values>; readonly weir?: Partial<Values> }): readonly ResultRow[] {
  const rows = contendersOf('http', ['direct', 'weir']).map((contender) => ({
    contender,
    runs: runs(values[contender.kind === 'direct' ? 'direct' : 'weir'] ?? {}),
  }));
  const measured: Measured = { load: { kind: 'keep', setting: 'http', connections: 1 }, rows };
  return resultRows([measured], CASES);
}

type Values = Record<'rate' | 'p50us' | 'p99us' | 'cpuUs', readonly number[]>;

function runs({ rate = CALM, p50us = CALM, p99us = CALM, cpuUs = CALM }: Partial<Values>): readonly Run[] {
  const at = (values: readonly number[], round: number): number => values[round] ?? Number.NaN;
  return rate.map((_, round) => ({
    rate: at(rate, round),
    p50us: at(p50us, round),
    p99us: at(p99us, round),
    cpuUs: at(cpuUs, round),
    lines: 1,
    idle: 0,
    others: 0,
  }));
}

function noisy(rows: readonly ResultRow[], name: Case): readonly string[] {
  return rows.filter((row) => row.case === name && row.noisy).map((row) => `${row.contender}: ${row.load}`);
}

test('calm throughout: nothing is noisy', () => {
  assert.deepEqual(
    kept({}).filter((row) => row.noisy),
    [],
  );
});

test('a figure is noisy by direct in that very figure, for everybody', () => {
  const rows = kept({ direct: { p99us: RESTLESS } });
  assert.deepEqual(noisy(rows, 'latency'), ['direct: p99, 1 kept alive', 'weir: p99, 1 kept alive']);
  assert.deepEqual(noisy(rows, 'keepalive'), []);
});

test('a restless contender is no noise where direct is calm', () => {
  assert.deepEqual(noisy(kept({ weir: { rate: RESTLESS } }), 'keepalive'), []);
});

test('what direct has no figure of is noisy by its own values', () => {
  assert.deepEqual(noisy(kept({ direct: { rate: RESTLESS }, weir: { cpuUs: CALM } }), 'cpu'), []);
  assert.deepEqual(noisy(kept({ weir: { cpuUs: RESTLESS } }), 'cpu'), ['weir: per request, 1 kept alive']);
});

test('one round alone is noisy, and rows tell how many there were', () => {
  const [contender] = contendersOf('tcp', ['weir']);
  assert.ok(contender);
  const rows = [{ contender, runs: runs({ rate: [8897] }) }];
  const [row] = resultRows([{ load: { kind: 'idle', setting: 'tcp', connections: 5000 }, rows }], ['memory']);
  assert.deepEqual([row?.rounds, row?.noisy], [1, true]);
  assert.deepEqual([...new Set(kept({}).map(({ rounds }) => rounds))], [3]);
});
