import type { Family } from '../../agent/model/address.ts';
import { SETS } from '../contract.ts';
import type { PlanOptions } from '../options.ts';
import { multiport } from './exempt.ts';
import { ofFamily } from './sets.ts';

/** Without inclusions everything is captured. With any, only what one of them names: a port *or* a range is enough. */
export function hasInclusions(options: PlanOptions): boolean {
  return options.includePorts.length + options.includeCidrs.length > 0;
}

/** One match for each way to be included, in the order of precedence: ports, then ranges. */
export function included(family: Family, options: PlanOptions): readonly string[] {
  return [...multiport(options.includePorts), ...includedRanges(family, options)];
}

/** All of these together: not one inclusion names the packet. */
export function notIncluded(family: Family, options: PlanOptions): readonly string[] {
  return [
    ...multiport(options.includePorts).map((match) => match.replace('--dports', '! --dports')),
    ...includedRanges(family, options).map((match) => match.replace('--match-set', '! --match-set')),
  ];
}

export function includedRanges(family: Family, options: PlanOptions): readonly string[] {
  const any = ofFamily(options.includeCidrs, family).length > 0;
  return any ? [`-m set --match-set ${SETS.include[family]} dst`] : [];
}
