import type { Family } from '../agent/model/address.ts';
import { EXIT, VERIFY_WORD } from './contract.ts';
import { type Asked, ask, destinationText, newToken, standIn } from './dial.ts';
import { isUp } from './netfilter/link.ts';

/** How one family's proof ended. `by`: who held the port; `no-route`: nothing can leave, and the rules are in place. */
export type Proof =
  | { readonly family: Family; readonly ok: true; readonly by: 'agent' | 'weir-init' | 'no-route' }
  | { readonly family: Family; readonly ok: false; readonly because: string };

const ANSWER_LIMIT_MS = 5_000;

// The family has no address or no route, or the kernel does not have the family at all.
const NOWHERE = ['ENETUNREACH', 'EADDRNOTAVAIL', 'EAFNOSUPPORT'];

/**
 * Proves for each family that a connection from this namespace arrives at the listener: a token that nobody else knows is
 * sent to an address where nobody lives, and must come back with the destination that was dialled.
 * `inPlace` says whether all rules of a family stand; `port` is the agent's.
 */
export async function verify(
  families: readonly Family[],
  port: number,
  inPlace: (family: Family) => boolean,
): Promise<readonly Proof[]> {
  const proofs: Proof[] = [];
  for (const family of families) proofs.push(await prove(family, port, inPlace(family)));
  return proofs;
}

export function exitOf(proofs: readonly Proof[]): number {
  return proofs.every(({ ok }) => ok) ? EXIT.ok : EXIT.verifyFailed;
}

/** `v4 proved by the agent`, `v6 NOT proved: …` */
export function proofText(proof: Proof): string {
  if (!proof.ok) return `v${proof.family} NOT proved: ${proof.because}`;
  switch (proof.by) {
    case 'agent':
      return `v${proof.family} proved: the agent answered`;
    case 'weir-init':
      return `v${proof.family} proved: nobody listens yet, the connection arrived at our own listener`;
    case 'no-route':
      return `v${proof.family} proved: no address or route to leave by, and all rules are in place`;
  }
}

async function prove(family: Family, port: number, inPlace: boolean): Promise<Proof> {
  const token = newToken();
  const asked = await ask(family, VERIFY_WORD, token, ANSWER_LIMIT_MS);
  if (asked.kind === 'failed' && NOWHERE.includes(asked.code)) {
    const because = `${asked.code}, and the rules are not all in place`;
    return inPlace ? { family, ok: true, by: 'no-route' } : { family, ok: false, because };
  }
  if (asked.kind !== 'failed' || asked.code !== 'ECONNREFUSED') return judge(family, token, asked, 'agent');
  const again = await standIn(family, port, token, () => ask(family, VERIFY_WORD, token, ANSWER_LIMIT_MS));
  if (again !== undefined) return judge(family, token, again, 'weir-init');
  return { family, ok: false, because: `refused, although somebody holds port ${port}` };
}

async function judge(family: Family, token: string, asked: Asked, by: 'agent' | 'weir-init'): Promise<Proof> {
  if (asked.kind === 'answered' && asked.line === `${token} ${destinationText(family)}`)
    return { family, ok: true, by };
  return { family, ok: false, because: `${wordsFor(asked)}${(await isUp('lo')) ? '' : '; lo is down'}` };
}

function wordsFor(asked: Asked): string {
  switch (asked.kind) {
    case 'answered':
      return `another answer than ours: ${JSON.stringify(asked.line)}`;
    case 'failed':
      return asked.code;
    case 'silent':
      return asked.because;
  }
}
