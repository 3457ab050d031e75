import { EXIT } from './contract.ts';
import { InitFailure } from './failure.ts';
import { type Survey, systemBackend } from './netfilter/backend.ts';
import type { Backend } from './netfilter/iptables.ts';
import { backendsWithOurs, PLACES, savedTable } from './state.ts';

const BACKENDS = ['nft', 'legacy'] as const;

/**
 * The one backend to program; never both, as a connection is redirected once, by whichever nat table came later.
 * Ours there already: adopted. Else where the rules of others are; else what plain `iptables` is.
 */
export async function chooseBackend(wanted: 'auto' | Backend, survey: Survey): Promise<Backend> {
  const ours = backendsWithOurs(survey);
  const [own] = ours;
  if (ours.length > 1) refuse('WEIR_ chains stand in both backends: run weir-init remove, then apply');
  if (own !== undefined && wanted !== 'auto' && wanted !== own) {
    refuse(`WEIR_ chains stand in the ${own} backend: run weir-init remove --backend ${own} first`);
  }
  const chosen = own ?? (wanted === 'auto' ? await automatic(survey) : wanted);
  const unreadable = unreadableIn(survey, chosen);
  if (unreadable.length > 0) {
    refuse(`the state of ${unreadable.join(', ')} is unknown: native nft rules stand there; try --backend legacy`);
  }
  return chosen;
}

/** Tables of ours whose content the nft tools cannot print, as `table ip nat`. */
export function unreadableIn(survey: Survey, backend: Backend): readonly string[] {
  return PLACES.filter(({ family, table }) => survey[backend][family].unreadable.includes(table)).map(
    ({ family, table }) => `table ${family === 4 ? 'ip' : 'ip6'} ${table}`,
  );
}

async function automatic(survey: Survey): Promise<Backend> {
  const readable = BACKENDS.filter((backend) => unreadableIn(survey, backend).length === 0);
  const [only, other] = readable;
  if (only === undefined) return 'nft';
  if (other === undefined) return only;
  const [nft, legacy] = [ruleCount(survey, 'nft'), ruleCount(survey, 'legacy')];
  if (nft !== legacy) return nft > legacy ? 'nft' : 'legacy';
  return (await systemBackend()) ?? 'nft';
}

/** Rules, not tables: a mere listing by a legacy tool leaves empty tables behind. */
function ruleCount(survey: Survey, backend: Backend): number {
  return PLACES.reduce((sum, place) => sum + savedTable(survey, backend, place).rules.length, 0);
}

function refuse(message: string): never {
  throw new InitFailure(EXIT.unavailable, message);
}
