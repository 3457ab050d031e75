import type { Family } from '../../agent/model/address.ts';

export type Table = 'filter' | 'nat';

/**
 * One rule of a chain of our own. `match` and `target` are written exactly as iptables-save prints them, so that what
 * stands in the kernel can be compared with what should, as text. `purpose` becomes the rule's comment (no quotes in it: iptables-save would escape them).
 */
export type Rule = {
  readonly family: Family;
  readonly table: Table;
  readonly chain: string;
  readonly match: readonly string[];
  readonly target: string;
  readonly purpose: string;
};

/** A match with the reason it stands there; a concern's file yields these, a chain's file places them. */
export type Condition = { readonly match: readonly string[]; readonly purpose: string };

/** A condition with what is done when it holds. */
export type Line = Condition & { readonly target: string };

/** The one way from a built-in chain into ours. It stands first there: a foreign ACCEPT ahead would be a bypass. */
export type Jump = {
  readonly family: Family;
  readonly table: Table;
  readonly from: 'OUTPUT';
  readonly to: string;
  readonly purpose: string;
};

/** A set of ipset. `create` is what follows the name in `ipset create`; `members` is the content at apply. */
export type SetSpec = { readonly name: string; readonly create: string; readonly members: readonly string[] };

/** What an apply programs: sets first, then the tables in the order filter, nat (the gate stands before it opens). */
export type Plan = {
  readonly families: readonly Family[];
  readonly sets: readonly SetSpec[];
  readonly jumps: readonly Jump[];
  readonly rules: readonly Rule[];
};

/** A TCP SYN without ACK, spelled as iptables-save spells `--syn`. */
export const SYN = ['-p tcp', '-m tcp --tcp-flags FIN,SYN,RST,ACK SYN'] as const;
