import { openServerListeners, RETRY_MS } from '../accept/listeners.ts';
import { FAMILIES, type Family } from '../model/address.ts';
import type { ListenerId } from '../model/mover.ts';
import type { Port } from '../model/port.ts';
import type { Listening, Place } from './role.ts';

/**
 * Listens on the ports that the registry's Gateways ask for, on every address, and follows them as they come and go; what
 * lives on a port that stays is not touched. A port that cannot be had is asked for again until it is not wanted any
 * longer.
 */
export function listenForServers({ mover, diagnostics, registry, stop }: Place): Listening {
  const open = new Map<Port, Map<Family, ListenerId>>();
  const told = new Map<Port, string>();
  const follow = (): void => {
    if (stop.aborted) return;
    const wanted = registry().listeners;
    for (const [port, ids] of open) {
      if (wanted.has(port)) continue;
      for (const id of ids.values()) mover.unlisten(id);
      open.delete(port);
      told.delete(port);
      diagnostics.info(`no Gateway asks for port ${port} any longer`);
    }
    for (const port of wanted.keys()) openPort(port);
  };
  const openPort = (port: Port): void => {
    const ids = open.get(port) ?? new Map<Family, ListenerId>();
    const families = FAMILIES.filter((family) => !ids.has(family));
    const { opened, missing } = openServerListeners(mover, port, families);
    for (const [family, id] of opened) ids.set(family, id);
    open.set(port, ids);
    const state = missing.map(({ family, code }) => `IPv${family} ${code}`).join(', ');
    if (told.get(port) === state) return;
    told.set(port, state);
    if (ids.size > 0) diagnostics.info(`listening on port ${port}`);
    if (state !== '') diagnostics.warn(`port ${port} cannot be had (${state}); it is asked for again`);
  };
  follow();
  const timer = setInterval(() => {
    for (const [port, ids] of open) if (ids.size < FAMILIES.length) openPort(port);
  }, RETRY_MS);
  stop.addEventListener('abort', () => clearInterval(timer), { once: true });
  return { follow, ids: () => [...open.values()].flatMap((ids) => [...ids.values()]) };
}
