import type { Endpoint, IpAddress } from './address.ts';
import type { Port } from './port.ts';

/**
 * The mover as TypeScript sees it: events in, verbs out (ARCHITECTURE.md, "The mover"). The addon's facade
 * (agent/native) implements it; accept/ and relay/ use it; everything else only knows these values.
 *
 * A flow has two sides: `client` (who connected to us) and `upstream` (whom we dialled). A verb's side names where the
 * bytes come from: `forward(flow, 'client', n)` lets n bytes pass from the client to the upstream.
 * Verbs never throw for a flow that has ended meanwhile: they are dropped, `closed` has been or will be delivered.
 * Every Uint8Array in an event is a view that is valid only during the call: copy what must be kept.
 * All `at…` times are microseconds of CLOCK_MONOTONIC; 0 = did not happen.
 */
export type Side = 'client' | 'upstream';

/** One accepted connection while it lives. Made by the facade, compared by identity. */
export type FlowRef = { readonly thread: number; readonly slot: number; readonly generation: number };

/** A listener of this process; closed by `unlisten`. */
export type ListenerId = number;

/** Posted at once for each accepted connection, with the first bytes if they are already there. */
export type AcceptedEvent = {
  readonly listener: ListenerId;
  readonly peer: Endpoint;
  /** getsockname of the accepted socket. */
  readonly local: Endpoint;
  /** The original destination, or the error name (`ENOENT`, `EOPNOTSUPP`, `ENOPROTOOPT`) if the kernel cannot tell. */
  readonly original: Endpoint | string;
  /** What is held so far; may be empty. */
  readonly bytes: Uint8Array;
  /** The client has already sent its FIN behind these bytes. */
  readonly ended: boolean;
  readonly at: number;
};

/** Answer to `inspect`: all that is held now, from its first byte. */
export type HeldEvent = {
  readonly side: Side;
  readonly bytes: Uint8Array;
  /** FIN behind these bytes. */
  readonly ended: boolean;
  /** Fewer bytes than asked for came before the deadline. */
  readonly deadline: boolean;
  /** `maxHeldBytes` is reached: no more can be held. */
  readonly full: boolean;
  /** Bytes of this side that have passed since the flow began, as in GateEvent. */
  readonly passed: number;
};

/** The agreed number of bytes has passed; what is held next, if anything. */
export type GateEvent = {
  readonly side: Side;
  readonly bytes: Uint8Array;
  readonly ended: boolean;
  /** Bytes of this side that have passed since the flow began; what `edit` put in counts, a preamble does not. */
  readonly passed: number;
};

/** A copy of bytes of this side that pass or have passed (`observe`), complete and in order. */
export type ObservedEvent = { readonly side: Side; readonly bytes: Uint8Array };

/**
 * Result of `dial`. A success is delivered lazily (it wakes nobody: forward verbs may be given together with the dial);
 * a failure at once, and the client is still held: dial again, respond or close.
 */
export type DialedEvent = {
  /** undefined: connected. Else the error name: `ECONNREFUSED`, `ETIMEDOUT`, `EHOSTUNREACH`, … */
  readonly error: string | undefined;
  /** getsockname of the upstream socket; undefined on failure. */
  readonly local: Endpoint | undefined;
  readonly at: number;
};

/**
 * The upstream has ended while nothing of it was let pass (its credit was 0), and nothing of it is held any more: the
 * flow is as before its dial, with the client's held bytes untouched and the credit of both sides 0. A `forward` or
 * `lease` that crossed this event, or an `inspect` of the upstream, is dropped: it meant an upstream that is gone.
 * Nothing is told of an upstream that a later `dial` has replaced.
 */
export type LostEvent = {
  readonly reset: boolean;
  /** Bytes of the client that have left since the flow began. As many as before a request: all of it is still held. */
  readonly passed: number;
};

/** What happened under a lease; posted lazily, in order, so that an access line can be written of each exchange. */
export type LeasedEvent =
  /** A request was let pass. */
  | {
      readonly kind: 'request';
      /** As the client sent it; canonical (core/http1-scan.h). */
      readonly head: Uint8Array;
      readonly bodyBytes: number;
      /** Bytes of the client that had passed before it. */
      readonly passed: number;
      readonly at: number;
    }
  /** Its final answer was let pass. `atEnd` 0: some of its body is still to come, `end` will follow. */
  | {
      readonly kind: 'answer';
      readonly status: number;
      /** Of its body, framing of chunks included: all that is let pass so far, with `atEnd` all. */
      readonly bodyBytes: number;
      /** Bytes of the upstream that pass before those of its body. */
      readonly bodyAt: number;
      /** The last byte of the request had left. */
      readonly atSent: number;
      readonly atFirstByte: number;
      readonly atEnd: number;
    }
  /** `bodyBytes`: of the answer, framing of chunks included. */
  | { readonly kind: 'end'; readonly bodyBytes: number; readonly at: number };

/** A lease is over, and the owner must go on by itself; credit of both sides is as far as it was let pass. */
export type AskedEvent =
  | {
      /**
       * `request`: no exchange is under way; what is held of the client is the next request, or part of it, or nothing
       * yet. `answer`: the last request was let pass, and of its answer nothing yet.
       */
      readonly phase: 'request' | 'answer';
      /** Phase `answer`: all of the request has left. */
      readonly requestSent: boolean;
    }
  | {
      /** Of a chunked answer `bodyBytes` bytes have left behind its head, all in canonical form. */
      readonly phase: 'body';
      /** What comes next: a size line, or the line end behind the data of a chunk. */
      readonly at: 'size' | 'data-end';
      readonly bodyBytes: number;
    };

/** One socket of an adopted flow, to be closed by whoever got it. Its bytes are the owner's to keep, no views. */
export type AdoptedSide = {
  /** Open, non-blocking, known to nobody else. */
  readonly fd: number;
  /** What this side has sent and has not left for the other side: comes ahead of what the descriptor still gives. */
  readonly bytes: Uint8Array;
  /** Its FIN was read; the descriptor gives the end again. */
  readonly ended: boolean;
  /** Of a preamble, what this side has not been sent yet: goes ahead of all else. */
  readonly unsent: Uint8Array;
};

/** Answer to `adopt`. `upstream` undefined: there was none, it was not connected yet, or it had been reset. */
export type AdoptedEvent = { readonly client: AdoptedSide; readonly upstream: AdoptedSide | undefined };

/** How one side ended, as that side saw or did it. `none`: it never existed (no upstream), or was adopted before its end. */
type SideEnd = 'none' | 'fin' | 'reset' | 'error' | 'closed-by-us';

export type ClosedEvent = {
  readonly cause:
    | 'ended'
    | 'closed'
    | 'responded'
    | 'reset'
    | 'half-close-timeout'
    | 'stopped'
    | 'no-resources'
    | 'adopted';
  readonly client: SideEnd;
  readonly upstream: SideEnd;
  /** Bytes that left towards the upstream (preamble not counted) and towards the client (`respond` included). */
  readonly toUpstream: number;
  readonly toClient: number;
  readonly atAccepted: number;
  readonly atConnected: number;
  readonly atFirstUpstreamByte: number;
  readonly atClosed: number;
};

/** Owner of one flow's events. `closed` is always the last and always comes. */
export type FlowHandler = {
  readonly held: (event: HeldEvent) => void;
  readonly gate: (event: GateEvent) => void;
  readonly observed: (event: ObservedEvent) => void;
  readonly dialed: (event: DialedEvent) => void;
  readonly lost: (event: LostEvent) => void;
  readonly leased: (event: LeasedEvent) => void;
  readonly asked: (event: AskedEvent) => void;
  /** Only an owner that calls `adopt` needs it; without it the descriptors are closed. */
  readonly adopted?: (event: AdoptedEvent) => void;
  readonly closed: (event: ClosedEvent) => void;
};

export type ListenOptions = {
  /** Path of the network namespace to listen in (`/run/netns/x`, `/proc/PID/ns/net`); undefined: the agent's own. */
  readonly netns: string | undefined;
  readonly ip: IpAddress;
  readonly port: Port | 0;
  /**
   * `exclusive`: one socket without SO_REUSEPORT, shared by all threads (pods: nobody else can bind it too).
   * `per-thread`: one SO_REUSEPORT socket a thread (the agent's own namespace).
   */
  readonly sharing: 'exclusive' | 'per-thread';
  /** IP_TRANSPARENT before bind: the original destination is then the socket's local address. */
  readonly transparent: boolean;
};

export type DialOptions = {
  readonly to: Endpoint;
  /** Namespace to dial from, as given by `openNetns`; undefined: the agent's own. */
  readonly netns: NetnsId | undefined;
  /** Sent ahead of everything else on this connection (PROXY protocol); may be empty. */
  readonly preamble: Uint8Array;
  readonly timeoutMs: number;
};

export type NetnsId = number;

/**
 * What following requests of a flow may be, to pass without asking (ARCHITECTURE.md, "Leases"). Only requests and
 * answers of a narrow form pass so; all else ends the lease, as does the client's end.
 */
export type Lease = {
  /** Passes only while `epoch()` still says the same. */
  readonly epoch: number;
  /** From when the mover takes it up. */
  readonly validMs: number;
  /** Value of the only Host, byte for byte, and likewise method and target; undefined: any. ASCII. */
  readonly host: string;
  readonly method: string | undefined;
  readonly target: string | undefined;
  /** Name of a field put behind the status line of a final answer that has none of this name: ms from `atSent` to `atFirstByte`. */
  readonly timeHeader: string | undefined;
};

export type MoverOptions = {
  readonly threads: number;
  readonly maxFlowsPerThread: number;
  /** Most that is held of one side of one flow: the size limit of a head or hello. */
  readonly maxHeldBytes: number;
  /** An idle half-closed flow ends after this. */
  readonly halfCloseMs: number;
  /** After `respond`: how long the client's rest is read and dropped before closing for good. */
  readonly lingerMs: number;
};

export type Mover = {
  /** Throws SystemError (`code` EADDRINUSE, EADDRNOTAVAIL, EPERM, …). Accepting begins at once. */
  readonly listen: (options: ListenOptions) => { readonly id: ListenerId; readonly port: Port };
  readonly unlisten: (id: ListenerId) => void;

  /**
   * Read and hold bytes of `side` until more than `heldBeyond` bytes are held, the side ends, the limit or the deadline
   * is reached; then one HeldEvent. Answered at once if that is already so, and no sooner than all that was let pass of
   * `side` has left: what is told is what may not pass. One inspect at a time and side.
   */
  readonly inspect: (flow: FlowRef, side: Side, heldBeyond: number, deadlineMs: number) => void;
  /**
   * In what is held of `side`, from offset `at` on, put `bytes` (at most 16 KiB) in place of `remove` bytes. Only while
   * that side's credit is 0; dropped if the offsets are not within what is held.
   */
  readonly edit: (flow: FlowRef, side: Side, at: number, remove: number, bytes: Uint8Array) => void;
  /**
   * Connect the upstream side; one DialedEvent. An upstream that the flow already has is dropped first, with what is held
   * of it and may not pass; nothing more of either side may. What was let pass of its answer leaves ahead of the next.
   */
  readonly dial: (flow: FlowRef, options: DialOptions) => void;
  /**
   * Let `bytes` more bytes of this side pass (`'all'`: everything from now on, until a number is given again). When they
   * have passed, or all there are if the side ends before: one GateEvent, `reached`: at once; `held`: only when more
   * bytes, or the end, have come behind them. Only the last forward of a side has a gate.
   * After `'all'`, `reached` tells that the end of this side has passed; `held` tells nothing.
   * Holds across dials: an attempt that failed has let nothing pass.
   */
  readonly forward: (flow: FlowRef, side: Side, bytes: number | 'all', notify: 'reached' | 'held') => void;
  /** From now on (until switched off) copy what passes from this side into ObservedEvents. */
  readonly observe: (flow: FlowRef, side: Side, on: boolean) => void;
  /**
   * Between two exchanges (credit of both sides 0): let requests and their answers pass without asking, beginning with
   * what is held of the client. Ends with one AskedEvent, or with LostEvent or ClosedEvent instead. undefined: ends a
   * lease at the next moment at which it can. What waits for bytes of either side (`inspect`, a gate) is forgotten, and
   * until one of these events all verbs but `lease(undefined)`, `respond` and `close` do nothing.
   */
  readonly lease: (flow: FlowRef, lease: Lease | undefined) => void;
  /** Leases given under an earlier epoch no longer let anything pass. */
  readonly nextEpoch: () => void;
  readonly epoch: () => number;
  /** Drop the upstream, send this to the client behind what was let pass, FIN, drop the client's rest, close. */
  readonly respond: (flow: FlowRef, bytes: Uint8Array) => void;
  /**
   * What the flow holds is counted to this share from now on, else to its listener's: beyond 16 MiB on a thread, flows of
   * one share may hold no more than 16 KiB each. A number from 65 536 on changes nothing.
   */
  readonly share: (flow: FlowRef, number: number) => void;
  /**
   * Hands both sockets to the owner, with every byte that came from one and has not left by the other, let pass or not:
   * one AdoptedEvent, then `closed` with cause `adopted`. What had left is counted there. Not during a lease: end it
   * first.
   */
  readonly adopt: (flow: FlowRef) => void;
  /** `fin`: orderly on both sides, after what was already let pass; `rst`: both sides at once. */
  readonly close: (flow: FlowRef, how: 'fin' | 'rst') => void;

  /** Throws SystemError. */
  readonly openNetns: (path: string) => NetnsId;
  readonly closeNetns: (id: NetnsId) => void;
  /** Every address of every interface of the agent's own namespace, up or not (getifaddrs(3)). */
  readonly localAddresses: () => readonly IpAddress[];
  readonly stats: () => MoverStats;
  /** Resets what still lives, delivers every `closed`, ends the threads. */
  readonly stop: () => Promise<void>;
};

type MoverStats = {
  readonly flows: number;
  readonly heldBytes: number;
  /** True while accepting is paused for want of descriptors, memory or table entries. */
  readonly paused: boolean;
};

/** `startMover(options, accept)`: called for each accepted connection, returns the owner of its events. */
export type Accept = (flow: FlowRef, event: AcceptedEvent) => FlowHandler;
