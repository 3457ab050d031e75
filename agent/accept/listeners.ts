import { readFileSync } from 'node:fs';
import { POD_LISTEN_ADDRESSES } from '../../init/contract.ts';
import { type Family, parseIp } from '../model/address.ts';
import type { Accept, ListenerId, ListenOptions, Mover } from '../model/mover.ts';
import type { Port } from '../model/port.ts';
import { startMover } from '../native/index.ts';
import { flowsPerCaller, flowsPerThread } from './flow-limit.ts';

/** Starts the mover with the limits of the agent; `accept` is called for each connection. */
export function startAccepting(threads: number, accept: Accept): Mover {
  return startMover(
    {
      threads,
      maxFlowsPerThread: flowsOfThread(threads),
      maxHeldBytes: MAX_HELD_BYTES,
      halfCloseMs: HALF_CLOSE_MS,
      lingerMs: LINGER_MS,
    },
    accept,
  );
}

/** Flows that one of `callers` may have at a time. */
export function flowsOfCaller(threads: number, callers: number): number {
  return flowsPerCaller(flowsOfThread(threads) * threads, callers);
}

function flowsOfThread(threads: number): number {
  return flowsPerThread(readFileSync('/proc/self/limits', 'utf8'), threads);
}

/** How often a port that somebody else holds is asked for again: binding costs some microseconds. */
export const RETRY_MS = 500;

export type Opened = {
  readonly opened: readonly (readonly [Family, ListenerId])[];
  /** Families without a listener, and why: whoever dials them is refused, in a pod as long as init's rules stand. */
  readonly missing: readonly { readonly family: Family; readonly code: string }[];
};

/**
 * Listens in a pod's namespace, on its loopback addresses only and one socket each: any other address would be reachable
 * from outside, and a SO_REUSEPORT socket could be joined by a process of the pod. What the system refused is told, not
 * thrown.
 */
export function openPodListeners(mover: Mover, netns: string, port: Port, families: readonly Family[]): Opened {
  return openEach(mover, families, POD_LISTEN_ADDRESSES, { netns, port, sharing: 'exclusive', transparent: false });
}

/** Listens on every address of the agent's own namespace, one socket a thread. What the system refused is told. */
export function openServerListeners(mover: Mover, port: Port, families: readonly Family[]): Opened {
  return openEach(mover, families, EVERY_ADDRESS, {
    netns: undefined,
    port,
    sharing: 'per-thread',
    transparent: false,
  });
}

const EVERY_ADDRESS = { 4: '0.0.0.0', 6: '::' } as const;

function openEach(
  mover: Mover,
  families: readonly Family[],
  addresses: Readonly<Record<Family, string>>,
  options: Omit<ListenOptions, 'ip'>,
): Opened {
  const opened: (readonly [Family, ListenerId])[] = [];
  const missing: { family: Family; code: string }[] = [];
  for (const family of families) {
    const ip = parseIp(addresses[family]);
    if (!ip) throw new TypeError(`${addresses[family]} is no address`);
    try {
      opened.push([family, mover.listen({ ...options, ip }).id]);
    } catch (thrown) {
      missing.push({ family, code: codeOf(thrown) });
    }
  }
  return { opened, missing };
}

function codeOf(thrown: unknown): string {
  if (thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string') return thrown.code;
  throw thrown;
}

/** A head or hello of more than this is refused; what may be held of one flow. */
const MAX_HELD_BYTES = 64 * 1024;
const HALF_CLOSE_MS = 60_000;
/** How long a refused client may take to read its answer before its connection is dropped. */
const LINGER_MS = 5_000;
