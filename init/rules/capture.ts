import type { Family } from '../../agent/model/address.ts';
import { CHAINS, SETS, VERIFY_DESTINATIONS } from '../contract.ts';
import type { PlanOptions } from '../options.ts';
import { dns, excludedCidrs, excludedPorts, loopback } from './exempt.ts';
import { hasInclusions, included } from './include.ts';
import { ownersInNat } from './owners.ts';
import type { Condition, Rule } from './rule.ts';

/** The nat chain: what is left alone returns, in the order of precedence; the rest of TCP goes to the listener. */
export function captureRules(family: Family, options: PlanOptions): readonly Rule[] {
  const target = `REDIRECT --to-ports ${options.port}`;
  return [
    rule(family, verifyDestination(family), target),
    ...exemptions(family, options).map((condition) => rule(family, condition, 'RETURN')),
    ...captured(family, options).map((condition) => rule(family, condition, target)),
  ];
}

/** Ahead of everything, so that the proof does not depend on what is admitted, excluded or included. */
function verifyDestination(family: Family): Condition {
  const { ip, port } = VERIFY_DESTINATIONS[family];
  const host = `-d ${ip}/${family === 4 ? 32 : 128}`;
  return { match: [host, '-p tcp', `-m tcp --dport ${port}`], purpose: 'verify destination' };
}

function exemptions(family: Family, options: PlanOptions): readonly Condition[] {
  const all = [
    ...excludedPorts(options),
    ...ownersInNat(options),
    loopback(),
    ...dns(family, options),
    ...excludedCidrs(family, options),
  ];
  return all.filter(({ match }) => !match.includes('-p udp')); // nothing but TCP is turned in this chain
}

/** A port that the set does not hold is not redirected, and therefore refused by the gate. */
function captured(family: Family, options: PlanOptions): readonly Condition[] {
  const admitted = `-m set --match-set ${SETS.ports} dst`;
  if (!hasInclusions(options)) return [{ match: ['-p tcp', admitted], purpose: 'capture' }];
  return included(family, options).map((match) => ({
    match: ['-p tcp', match, admitted],
    purpose: 'capture what is included',
  }));
}

function rule(family: Family, { match, purpose }: Condition, target: string): Rule {
  return { family, table: 'nat', chain: CHAINS.natOutput, match, target, purpose };
}
