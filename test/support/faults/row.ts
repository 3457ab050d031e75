/** The vocabulary of the fault table (rows-before-verdict.ts, rows-dial.ts, rows-mid-stream.ts). */
export type Who = 'client' | 'origin';

export const FAULTS = [
  'FIN',
  'RST',
  'FIN, then data the other way',
  'RST with unread data',
  'silence',
  'zero window',
] as const;
type Fault = (typeof FAULTS)[number];

export const MOMENTS = ['before the verdict', 'during the dial', 'in mid-stream'] as const;
type Moment = (typeof MOMENTS)[number];

export const WAYS = ['direct', 'through the gateway'] as const;
type Way = (typeof WAYS)[number];

/**
 * What happens in a row, in this order; each step waits for its own effect. Bytes are counted from the connection's
 * beginning, what was read as what lies unread. The origin's port takes no SYN until `the dial goes on`, in the rows
 * that say it.
 */
export type Step = StageStep | SideStep;

/** `nothing happens`: for a while (watch.ts). */
export type StageStep =
  | 'client connects'
  | 'origin is there'
  | 'the dial is under way'
  | 'the dial is given up'
  | 'the dial goes on'
  | 'nothing happens';

export type SideStep =
  /** So many bytes of a ClientHello, from where the last of them ended. */
  | `client says ${number} of a hello`
  /** Bytes that are no protocol. */
  | `${Who} sends ${number}`
  /** FLOOD_BYTES: more than all buffers on the way take. */
  | `${Who} floods`
  | `${Who} has ${number}`
  | `${Who} has the flood`
  /** Unread, in its receive buffer. */
  | `${Who} holds ${number}`
  | `${Who} ends`
  | `${Who} resets`
  /** close(2) over what it holds. */
  | `${Who} closes`
  | `${Who} reads`
  | `${Who} sees the end`;

/**
 * How a side looks on the wire, without plain ACKs and what was sent twice: `none`, or `open` (a handshake) or `→SYN` (one
 * without an answer), then in the order seen `→5` (bytes towards the origin), `←5` (towards the client), `→FIN`, `←RST`.
 * `→9 stalled`: the receiver had closed its window meanwhile.
 */
export type Leg = string;

export type Row = {
  readonly who: Who;
  readonly does: Fault;
  readonly when: Moment;
  /** Who never reads unless a step says it. */
  readonly unread?: Who;
  /** Default: takes connections. */
  readonly origin?: 'ends at once' | 'refuses';
  readonly steps: readonly Step[];
  /** The same direct and through the gateway. */
  readonly client: Leg;
  readonly originSees: Leg;
};

/** A row on one way. */
export type Cell = Row & { readonly way: Way };

export const FLOOD_BYTES = 3_000_000;

/** Sentence that names a cell, here and in docs/faults.md. */
export function nameOf({ who, does, when, way }: Pick<Cell, 'who' | 'does' | 'when' | 'way'>): string {
  return `${who} | ${does} | ${when} | ${way}`;
}
