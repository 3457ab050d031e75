import type { Leg } from './row.ts';
import type { Segment } from './segments.ts';

export type Way = '→' | '←';

/** One thing that happened on a side, and when: its first segment and its last one. */
export type Event = {
  readonly at: number;
  readonly until: number;
  readonly way: Way;
  readonly kind: 'SYN' | 'open' | 'data' | 'FIN' | 'RST';
  readonly bytes: number;
};

export type ToldLeg = {
  readonly leg: Leg;
  readonly events: readonly Event[];
  /** Addresses that connected. */
  readonly from: readonly string[];
};

/** What these segments of one side show. `isClients`: whether a segment goes towards the origin. */
export function tellLeg(segments: readonly Segment[], isClients: (segment: Segment) => boolean): ToldLeg {
  const connections = Map.groupBy(segments, (each) => connectionOf(each, isClients(each)));
  const told = [...connections.values()].map((each) => tellConnection(each, isClients));
  return {
    leg: told.map(({ leg }) => leg).join(' and ') || 'none',
    events: told.flatMap(({ events }) => events),
    from: [...connections.keys()].map((end) => end.replace(/:\d+$/, '')),
  };
}

/** By the end that is not the relay's listener, whose address NAT changes: the client's, or who dials the origin. */
function connectionOf({ source, target }: Segment, isClients: boolean): string {
  return isClients ? source : target;
}

function tellConnection(segments: readonly Segment[], isClients: (segment: Segment) => boolean): Omit<ToldLeg, 'from'> {
  const events: Event[] = [];
  const stalled = new Set<Way>();
  const sides = { '→': freshSide(), '←': freshSide() } as const;
  for (const segment of segments) {
    const way = isClients(segment) ? '→' : '←';
    if (segment.window === 0 && !segment.syn && !segment.fin && !segment.rst) stalled.add(way === '→' ? '←' : '→');
    for (const news of newsOf(segment, sides[way]))
      note(events, { ...news, at: segment.at, until: segment.at, way }, stalled);
    if (segment.rst) break; // what was on its way towards it shows nothing any more
  }
  return { leg: events.map((each) => textOf(each, stalled)).join(' '), events };
}

type Side = { first: number; seen: number; fin: boolean };
const freshSide = (): Side => ({ first: 0, seen: 0, fin: false });

type News = Pick<Event, 'kind' | 'bytes'>;

/** What this segment says that none of its side's has said before; numbers of 32 bits may begin anew. */
function newsOf({ syn, ack, fin, rst, sequence, bytes }: Segment, side: Side): readonly News[] {
  if (syn) {
    if (side.first === sequence + 1) return [];
    side.first = sequence + 1;
    return [{ kind: ack ? 'open' : 'SYN', bytes: 0 }];
  }
  if (rst) return [{ kind: 'RST', bytes: 0 }];
  const news: News[] = [];
  const reached = ((sequence - side.first) >>> 0) + bytes;
  if (bytes > 0 && reached > side.seen) {
    news.push({ kind: 'data', bytes: reached - side.seen });
    side.seen = reached;
  }
  if (fin && !side.fin) news.push({ kind: 'FIN', bytes: 0 });
  side.fin ||= fin;
  return news;
}

/** Bytes of one way are one event until something else happens, or through all of what a closed window held up. */
function note(events: Event[], event: Event, stalled: ReadonlySet<Way>): void {
  const at =
    event.kind === 'data' && stalled.has(event.way)
      ? events.findLastIndex(({ kind, way }) => kind === 'data' && way === event.way)
      : events.length - 1;
  const before = events[at];
  if (before?.kind === event.kind && before.way === event.way)
    events[at] = { ...before, bytes: before.bytes + event.bytes, until: event.at };
  else if (event.kind === 'open' && before?.kind === 'SYN') events[at] = { ...event };
  else if (event.kind !== 'open' || !events.some(({ kind }) => kind === 'open')) events.push(event);
}

function textOf({ kind, way, bytes }: Event, stalled: ReadonlySet<Way>): string {
  if (kind === 'open') return 'open';
  if (kind !== 'data') return `${way}${kind}`;
  return `${way}${bytes}${stalled.has(way) && bytes > MOST_UNSTALLED ? ' stalled' : ''}`;
}

/** A window closes over more than this alone. */
const MOST_UNSTALLED = 10_000;
