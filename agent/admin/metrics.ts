/**
 * Counters for Prometheus. Contract: a label's value is one of our own stable codes, never anything that a client, a
 * resource or a name server sent.
 */
import { Counter, Gauge, Registry } from 'prom-client';
import type { FailureCode } from '../model/failure.ts';
import type { AllowReason, DenyReason } from '../model/verdict.ts';

export type Metrics = {
  /** Once for each connection. `none`: it ended before there was a verdict. */
  readonly flowEnded: (verdict: FlowVerdict, reason: FlowReason) => void;
  /** Once for each HTTP request that was answered, by us or upstream; the status is counted by its class. */
  readonly requestEnded: (status: number) => void;
  /** Once for each of these that passed under a lease. */
  readonly requestLeased: () => void;
  /** Bytes that were moved since the last call for this flow. */
  readonly bytesMoved: (direction: Direction, bytes: number) => void;
  /** `observe` of the resolver. */
  readonly dnsAnswered: (result: DnsResult) => void;
  readonly text: () => Promise<string>;
  readonly contentType: string;
};

type FlowVerdict = 'allow' | 'deny' | 'none';
type FlowReason = AllowReason | DenyReason | FailureCode;
type Direction = 'to-upstream' | 'to-client';
type DnsResult =
  | 'addresses'
  | 'nxdomain'
  | 'no-data'
  | 'servfail'
  | 'refused'
  | 'timeout'
  | 'unreachable'
  | 'bad-answer'
  | 'overloaded'
  | 'closed';

/** What is asked when somebody scrapes. */
export type Readings = {
  readonly openFlows: () => number;
  readonly acceptPaused: () => boolean;
  readonly registryGeneration: () => number;
  readonly configProblems: () => { readonly errors: number; readonly warnings: number };
  readonly accessLogDropped: () => number;
};

export function createMetrics(readings: Readings): Metrics {
  const register = new Registry();
  const registers = [register];
  const flows = new Counter({
    name: 'weir_flows_total',
    help: 'Connections ended, by verdict and reason.',
    labelNames: ['verdict', 'reason'],
    registers,
  });
  const requests = new Counter({
    name: 'weir_requests_total',
    help: 'HTTP requests answered, by class of the status.',
    labelNames: ['status'],
    registers,
  });
  const leased = new Counter({
    name: 'weir_requests_leased_total',
    help: 'HTTP requests that passed under a lease, by the verdict on an earlier one.',
    registers,
  });
  const bytes = new Counter({
    name: 'weir_bytes_total',
    help: 'Bytes moved, by direction.',
    labelNames: ['direction'],
    registers,
  });
  const dns = new Counter({
    name: 'weir_dns_queries_total',
    help: 'Names looked up at the servers, by record type, by result.',
    labelNames: ['result'],
    registers,
  });
  register.registerMetric(gauge('weir_flows_open', 'Connections open now.', readings.openFlows));
  register.registerMetric(
    gauge('weir_accept_paused', '1 while accepting is paused for want of resources.', () =>
      Number(readings.acceptPaused()),
    ),
  );
  register.registerMetric(
    gauge('weir_registry_generation', 'Generation of the registry in force.', readings.registryGeneration),
  );
  register.registerMetric(problems(readings.configProblems));
  register.registerMetric(dropped(readings.accessLogDropped));

  return {
    flowEnded: (verdict, reason) => flows.inc({ verdict, reason }),
    requestEnded: (status) => requests.inc({ status: statusClass(status) }),
    requestLeased: () => leased.inc(),
    bytesMoved: (direction, count) => bytes.inc({ direction }, count),
    dnsAnswered: (result) => dns.inc({ result }),
    text: () => register.metrics(),
    contentType: register.contentType,
  };
}

/** Not `statusText`: an upstream may answer any number of three digits, and 1000 series are too many. */
function statusClass(status: number): string {
  const first = Math.trunc(status / 100);
  return first >= 1 && first <= 5 ? `${first}xx` : 'other';
}

function gauge(name: string, help: string, read: () => number): Gauge {
  const metric: Gauge = new Gauge({ name, help, registers: [], collect: () => metric.set(read()) });
  return metric;
}

function problems(read: Readings['configProblems']): Gauge<'severity'> {
  const metric: Gauge<'severity'> = new Gauge({
    name: 'weir_config_problems',
    help: 'Complaints about resources now, by severity.',
    labelNames: ['severity'],
    registers: [],
    collect: () => {
      const { errors, warnings } = read();
      metric.set({ severity: 'error' }, errors);
      metric.set({ severity: 'warning' }, warnings);
    },
  });
  return metric;
}

/** The log counts by itself; a Counter can only be added to. */
function dropped(read: () => number): Counter {
  const metric: Counter = new Counter({
    name: 'weir_access_log_dropped_total',
    help: 'Access lines that were lost: nobody took them, or they could not be written.',
    registers: [],
    collect: () => {
      metric.reset();
      metric.inc(read());
    },
  });
  return metric;
}
