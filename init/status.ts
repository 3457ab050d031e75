import { unreadableIn } from './choose-backend.ts';
import { EXIT } from './contract.ts';
import type { Inspected } from './inspect.ts';
import type { Backend } from './netfilter/iptables.ts';
import type { Plan } from './rules/rule.ts';
import { backendsWithOurs, compare } from './state.ts';

/** `status` ends with 1 when nothing of ours is there (issue of step 1, "The command line"). */
const EXIT_NONE = 1;

export type Status = {
  readonly inPlace: 'all' | 'none' | 'part';
  readonly backend: Backend | undefined;
  readonly wrong: readonly string[];
};

/** What stands against what should. A second backend with our chains is as wrong as a missing rule. */
export function statusOf(plan: Plan, found: Inspected): Status {
  const backends = backendsWithOurs(found.survey);
  const [backend, second] = backends;
  if (backend === undefined) {
    return { inPlace: 'none', backend, wrong: [...found.sets.keys()].map((name) => `left over: set ${name}`) };
  }
  const unknown = unreadableIn(found.survey, backend).map(
    (table) => `state unknown: native nft rules stand in ${table}`,
  );
  const both = second === undefined ? [] : [`WEIR_ chains stand in both backends: ${backends.join(', ')}`];
  const wrong = [...both, ...unknown, ...compare(plan, found, backend).wrong];
  return { inPlace: wrong.length === 0 ? 'all' : 'part', backend, wrong };
}

export function exitOf(status: Status): number {
  switch (status.inPlace) {
    case 'all':
      return EXIT.ok;
    case 'none':
      return EXIT_NONE;
    case 'part':
      return EXIT.verifyFailed;
  }
}
