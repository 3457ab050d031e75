import { OWNER_MARK } from '../contract.ts';
import type { PlanOptions } from '../options.ts';
import { type Condition, type Line, SYN } from './rule.ts';

/** nat sees the first packet of a flow only, and that one has a socket with an owner. */
export function ownersInNat(options: PlanOptions): readonly Condition[] {
  return owned(options);
}

/**
 * The gate sees every packet, also those without a socket (TIME_WAIT, data after close), which carry no owner: so it
 * passes the flow, by a mark on its connection. A SYN that finds the mark of an older flow loses it: without that, another
 * process could take over the port and with it the exemption. The last lines pass what has an owner and no connection
 * (UDP, untracked packets).
 */
export function ownersInGate(options: PlanOptions): readonly Line[] {
  if (options.excludeUids.length === 0) return [];
  const marked = `-m connmark --mark ${OWNER_MARK}`;
  const [, mask] = OWNER_MARK.split('/');
  return [
    { match: [...SYN, marked], purpose: 'a new flow inherits no mark', target: `CONNMARK --set-xmark 0x0/${mask}` },
    ...owned(options).map(({ match }) => ({
      match: ['-p tcp', ...match],
      purpose: 'mark a flow of an excluded owner',
      target: `CONNMARK --set-xmark ${OWNER_MARK}`,
    })),
    { match: ['-p tcp', marked], purpose: 'flows of excluded owners', target: 'RETURN' },
    ...owned(options).map((condition) => ({ ...condition, target: 'RETURN' })),
  ];
}

function owned(options: PlanOptions): readonly Condition[] {
  return options.excludeUids.map((uid) => ({ match: [`-m owner --uid-owner ${uid}`], purpose: 'excluded owners' }));
}
