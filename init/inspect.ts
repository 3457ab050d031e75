import { createServer } from 'node:net';
import { SETS } from './contract.ts';
import { survey } from './netfilter/backend.ts';
import { type SetEntry, setEntries, setNames } from './netfilter/ipset.ts';
import type { Family } from './netfilter/iptables.ts';
import { recordedArguments } from './record.ts';
import type { SetSpec } from './rules/rule.ts';
import type { State } from './state.ts';

/** All names of ours; the two-family ones are spelled out in the contract. */
export const OUR_SETS: readonly string[] = Object.values(SETS).flatMap((set) =>
  typeof set === 'string' ? [set] : Object.values(set),
);

export type Inspected = State & {
  readonly families: readonly Family[];
  /** The command line that the last apply recorded, undefined if there is no record. */
  readonly recorded: readonly string[] | undefined;
  /** Whether the record there is this one, element by element. */
  readonly recordIs: (record: SetSpec) => boolean;
};

/** Reads everything of ours in this namespace and changes nothing. */
export async function inspect(): Promise<Inspected> {
  const families = await familiesHere();
  const sets = new Map<string, readonly SetEntry[]>();
  const names = await setNames();
  for (const name of OUR_SETS.filter((own) => names.includes(own))) sets.set(name, (await setEntries(name)) ?? []);
  const record = sets.get(SETS.record);
  return {
    survey: await survey(families),
    sets: new Map([...sets].map(([name, entries]) => [name, entries.map(({ element }) => element)])),
    families,
    recordIs: ({ members }) => sameMembers(record ?? [], members),
    recorded: record === undefined || record.length === 0 ? undefined : recordedArguments(record),
  };
}

function sameMembers(entries: readonly SetEntry[], members: readonly string[]): boolean {
  const there = new Set(entries.map(({ element, comment }) => `${element} comment "${comment}"`));
  return there.size === members.length && members.every((member) => there.has(member));
}

/**
 * A kernel booted with ipv6.disable=1 has no socket of that family: then there is no v6 to capture. Every other obstacle
 * (no ::1, no address, disable_ipv6=1) leaves v6 possible later, so its rules are programmed.
 */
async function familiesHere(): Promise<readonly Family[]> {
  const code = await new Promise<string | undefined>((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code));
    server.listen({ host: '::1', port: 0 }, () => server.close(() => resolve(undefined)));
  });
  return code === 'EAFNOSUPPORT' ? [4] : [4, 6];
}
