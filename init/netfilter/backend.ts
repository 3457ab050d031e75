import { readFile } from 'node:fs/promises';
import { type Backend, type Family, save, toolName } from './iptables.ts';
import { findTool, runOrThrow } from './run.ts';
import type { SavedTables } from './saved.ts';

/** What both backends hold, as far as their tools are installed: an absent tool leaves its part empty. */
export type Survey = Readonly<Record<Backend, Readonly<Record<Family, SavedTables>>>>;

const NOTHING: SavedTables = { tables: [], unreadable: [] };

/** Looks at both backends of this namespace and changes neither. */
export async function survey(families: readonly Family[]): Promise<Survey> {
  const look = async (backend: Backend, family: Family): Promise<SavedTables> =>
    families.includes(family) && findTool(toolName({ family, backend }, 'save')) !== undefined
      ? readable(backend, family)
      : NOTHING;
  return {
    nft: { 4: await look('nft', 4), 6: await look('nft', 6) },
    legacy: { 4: await look('legacy', 4), 6: await look('legacy', 6) },
  };
}

/** What plain `iptables` is on this machine (update-alternatives, or the only one built), undefined if there is none. */
export async function systemBackend(): Promise<Backend | undefined> {
  if (findTool('iptables') === undefined) return undefined;
  return (await runOrThrow('iptables', ['--version'])).includes('nf_tables') ? 'nft' : 'legacy';
}

/** /proc names the legacy tables of this namespace; with none there, the legacy tool need not be asked at all. */
async function readable(backend: Backend, family: Family): Promise<SavedTables> {
  if (backend === 'legacy' && (await legacyTables(family)) === '') return NOTHING;
  return save({ family, backend });
}

async function legacyTables(family: Family): Promise<string> {
  try {
    return (await readFile(family === 4 ? '/proc/net/ip_tables_names' : '/proc/net/ip6_tables_names', 'utf8')).trim();
  } catch {
    return ''; // a kernel without ip_tables has no such file; without root it cannot be read, and save would fail too
  }
}
