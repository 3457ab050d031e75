import type { Hostname } from '../../model/hostname.ts';
import type { Resolution } from './resolution.ts';

/** All times in milliseconds of the resolver's clock. */
export type Entry = {
  readonly resolution: Resolution;
  readonly freshUntil: number;
  /** Until then it is given while a fresh answer is being fetched. */
  readonly staleUntil: number;
  /** Until then it is given if the servers fail (RFC 8767 §5); an absence is never kept beyond its time. */
  readonly usableUntil: number;
};

export type Cache = {
  readonly get: (name: Hostname) => Entry | undefined;
  readonly set: (name: Hostname, entry: Entry) => void;
};

/** Holds at most `capacity` names; the one unused for longest goes first. */
export function boundedCache(capacity: number): Cache {
  const entries = new Map<Hostname, Entry>(); // insertion order is order of use
  return {
    get: (name) => {
      const entry = entries.get(name);
      if (entry) {
        entries.delete(name);
        entries.set(name, entry);
      }
      return entry;
    },
    set: (name, entry) => {
      entries.delete(name);
      entries.set(name, entry);
      const [oldest] = entries.keys();
      if (entries.size > capacity && oldest !== undefined) entries.delete(oldest);
    },
  };
}
