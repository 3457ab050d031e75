import type { Endpoint } from '../../model/address.ts';

/** Servers in configured order, those that lately did not answer behind the others. */
export type ServerOrder = {
  readonly current: () => readonly Endpoint[];
  /** It gave no answer at all: asked last for a while. */
  readonly silent: (server: Endpoint) => void;
  readonly answered: (server: Endpoint) => void;
};

/** Long enough that a dead first server costs one time-out a half minute, not one a name. */
const SILENT_MS = 30_000;

/**
 * `now` in milliseconds. SERVFAIL and REFUSED do not count as silence: they speak of one name, and a workload that
 * chooses the names must not choose the server for everyone else.
 */
export function serverOrder(servers: readonly Endpoint[], now: () => number): ServerOrder {
  const silentUntil = new Map<Endpoint, number>();
  const isSilent = (server: Endpoint): boolean => (silentUntil.get(server) ?? Number.NEGATIVE_INFINITY) > now();
  return {
    current: () => [...servers.filter((server) => !isSilent(server)), ...servers.filter((server) => isSilent(server))],
    silent: (server) => void silentUntil.set(server, now() + SILENT_MS),
    answered: (server) => void silentUntil.delete(server),
  };
}
