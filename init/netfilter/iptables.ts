import { runOrThrow } from './run.ts';
import { parseSaved, type SavedTables } from './saved.ts';

export type Family = 4 | 6;
export type Backend = 'nft' | 'legacy';
export type Variant = { readonly family: Family; readonly backend: Backend };

/** `iptables-nft-restore`, `ip6tables-legacy-save` … */
export function toolName(variant: Variant, verb: 'restore' | 'save'): string {
  return `${variant.family === 4 ? 'iptables' : 'ip6tables'}-${variant.backend}-${verb}`;
}

/**
 * Feeds `text` to iptables-restore --noflush: one transaction per table in it. Throws ToolFailure; `locked` if the lock
 * of the legacy tools was not to be had within `waitSeconds` (the nft tools need none and ignore the option).
 */
export async function restore(variant: Variant, text: string, waitSeconds: number): Promise<void> {
  await runOrThrow(toolName(variant, 'restore'), ['--noflush', '-w', String(waitSeconds)], text);
}

/** As `restore`, but changes nothing: throws what `restore` would throw. */
export async function testRestore(variant: Variant, text: string, waitSeconds: number): Promise<void> {
  await runOrThrow(toolName(variant, 'restore'), ['--test', '--noflush', '-w', String(waitSeconds)], text);
}

/** All tables of one variant. Creates no table, unlike `iptables-legacy -S`, which registers the one it lists. */
export async function save(variant: Variant): Promise<SavedTables> {
  return parseSaved(await runOrThrow(toolName(variant, 'save'), []));
}
