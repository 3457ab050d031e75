import type { Load } from './load.ts';
import type { Run } from './run.ts';

export const CASES = [
  'bulk-up',
  'bulk-down',
  'connect',
  'connect-tls',
  'connect-gateway',
  'keepalive',
  'latency',
  'memory',
  'cpu',
] as const;
export type Case = (typeof CASES)[number];

/** One figure of a load, a row for each contender that has it. */
export type Metric = {
  readonly case: Case;
  /** Beside the load's own text: which of several. */
  readonly which?: string;
  readonly unit: string;
  readonly more: 'better' | 'worse';
  /** Direct has it, too. */
  readonly ofDirect: boolean;
  readonly of: (run: Run) => number;
};

/** In the order in which they are done: what one setting serves stands together, and in it what one purpose does. */
export function loadsOf(cases: readonly Case[], connections: readonly number[] | undefined): readonly Load[] {
  return everyLoad(connections).filter((load) => metricsOf(load, cases).length > 0);
}

function everyLoad(connections: readonly number[] | undefined): readonly Load[] {
  const short = connections ?? [64, 128];
  const kept = connections ?? [1, 8, 64];
  const exchange = (setting: 'tcp' | 'tls' | 'gateway'): readonly Load[] =>
    short.map((count): Load => ({ kind: 'exchange', setting, connections: count }));
  return [
    ...WAYS.flatMap((way) => STREAMS.map((streams): Load => ({ kind: 'stream', setting: 'tcp', way, streams }))),
    ...exchange('tcp'),
    { kind: 'idle', setting: 'tcp', connections: IDLE_FLOWS },
    ...exchange('tls'),
    ...exchange('gateway'),
    ...kept.map((count): Load => ({ kind: 'keep', setting: 'http', connections: count })),
  ];
}

const WAYS = ['up', 'down'] as const;
const STREAMS = [1, 8] as const;
const IDLE_FLOWS = 5_000;

/** The figures of this load that belong to one of the cases. */
export function metricsOf(load: Load, cases: readonly Case[]): readonly Metric[] {
  return everyMetric(load).filter((metric) => cases.includes(metric.case));
}

const EXCHANGES = { tcp: 'connect', tls: 'connect-tls', gateway: 'connect-gateway' } as const;

function everyMetric(load: Load): readonly Metric[] {
  switch (load.kind) {
    case 'stream': {
      const name = load.way === 'up' ? 'bulk-up' : 'bulk-down';
      const cost = cpu('ms/GiB', `${load.way}, per GiB`, 1e-3);
      return [rate(name, 'Gbit/s'), ...(load.streams === 1 ? [cost] : [])];
    }
    case 'exchange': {
      const name = EXCHANGES[load.setting];
      return [rate(name, 'connections/s'), ...(name === 'connect' ? [cpu('us/connection', 'per connection', 1)] : [])];
    }
    case 'keep':
      return [
        rate('keepalive', 'requests/s'),
        { case: 'latency', which: 'p50', unit: 'us', more: 'worse', ofDirect: true, of: ({ p50us }) => p50us },
        { case: 'latency', which: 'p99', unit: 'us', more: 'worse', ofDirect: true, of: ({ p99us }) => p99us },
        cpu('us/request', 'per request', 1),
      ];
    case 'idle':
      return [{ case: 'memory', unit: 'B/flow', more: 'worse', ofDirect: false, of: ({ rate: bytes }) => bytes }];
  }
}

function rate(of: Case, unit: string): Metric {
  return { case: of, unit, more: 'better', ofDirect: true, of: (run) => run.rate };
}

function cpu(unit: string, which: string, scale: number): Metric {
  return { case: 'cpu', which, unit, more: 'worse', ofDirect: false, of: ({ cpuUs }) => cpuUs * scale };
}
