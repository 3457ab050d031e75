/** One name and type through all servers: tries, time-outs, aliases that lead out of an answer. */
import type { Endpoint, IpAddress } from '../../model/address.ts';
import type { Hostname } from '../../model/hostname.ts';
import { type Exchanged, exchange } from './exchange.ts';
import { interpret, type Step } from './interpret.ts';
import type { AddressType } from './message.ts';
import type { FailedReason } from './resolution.ts';
import type { ServerOrder } from './servers.ts';

/** TTLs in seconds, as the servers gave them. */
export type Found =
  | { readonly kind: 'addresses'; readonly ips: readonly IpAddress[]; readonly ttl: number; readonly cnames: Names }
  | { readonly kind: 'absent'; readonly because: 'nxdomain' | 'no-data'; readonly ttl: number | undefined }
  | { readonly kind: 'failed'; readonly because: FailedReason };
type Names = readonly Hostname[];

export type LookupOptions = {
  readonly order: ServerOrder;
  /** For everything that one call does, follow-up questions for aliases included. */
  readonly totalMs: number;
  /** For one question to one server. */
  readonly tryMs: number;
  readonly signal: AbortSignal;
};

/** Each server is asked at most this often for one question; a single server once more, since UDP loses. */
const ROUNDS = 2;
const LEAST_TRIES = 3;

/** Never rejects. */
export async function lookup(name: Hostname, type: AddressType, options: LookupOptions): Promise<Found> {
  const deadline = performance.now() + options.totalMs;
  const cnames: Hostname[] = [];
  let asked = name;
  let ttl = Number.POSITIVE_INFINITY;
  for (;;) {
    const step = await askServers(asked, type, cnames.length === 0 ? [] : [name, ...cnames], deadline, options);
    if (step.kind === 'absent') return { ...step, ttl: step.ttl === undefined ? undefined : Math.min(ttl, step.ttl) };
    if (step.kind === 'failed') return step;
    cnames.push(...step.cnames);
    ttl = Math.min(ttl, step.ttl);
    if (step.kind === 'addresses') return { kind: 'addresses', ips: step.ips, ttl, cnames };
    asked = step.to; // ends: interpret() bounds the number of aliases and refuses one seen before
  }
}

type Settled = Exclude<Step, { kind: 'failed' }> | { readonly kind: 'failed'; readonly because: FailedReason };

async function askServers(
  name: Hostname,
  type: AddressType,
  seen: Names,
  deadline: number,
  options: LookupOptions,
): Promise<Settled> {
  let because: FailedReason = 'timeout';
  for (const server of schedule(options.order.current())) {
    const timeoutMs = Math.min(options.tryMs, deadline - performance.now());
    if (timeoutMs <= 0 || options.signal.aborted) break;
    const step = await askOne(server, name, type, seen, timeoutMs, options);
    if (step.kind !== 'failed') return step;
    // A server that spoke tells more than one that did not.
    if (step.because !== 'timeout' || because === 'timeout') because = step.because;
  }
  return { kind: 'failed', because: options.signal.aborted ? 'closed' : because };
}

function schedule(servers: readonly Endpoint[]): readonly Endpoint[] {
  const rounds = servers.length === 0 ? 0 : Math.max(ROUNDS, Math.ceil(LEAST_TRIES / servers.length));
  return Array.from({ length: rounds }, () => servers).flat();
}

async function askOne(
  server: Endpoint,
  name: Hostname,
  type: AddressType,
  seen: Names,
  timeoutMs: number,
  options: LookupOptions,
): Promise<Settled> {
  const { order, signal } = options;
  const until = performance.now() + timeoutMs;
  const step = read(await exchange({ server, name, type, edns: true, timeoutMs, signal }));
  if (step.kind !== 'failed' || step.because !== 'not-understood') return step;
  const plain = read(await exchange({ server, name, type, edns: false, timeoutMs: until - performance.now(), signal }));
  return plain.kind === 'failed' && plain.because === 'not-understood'
    ? { kind: 'failed', because: 'servfail' }
    : plain;

  function read(reply: Exchanged): Settled | { readonly kind: 'failed'; readonly because: 'not-understood' } {
    if (reply.kind !== 'records') {
      order.silent(server);
      return { kind: 'failed', because: reply.kind };
    }
    order.answered(server);
    return interpret(name, type, reply, seen);
  }
}
