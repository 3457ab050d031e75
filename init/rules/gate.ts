import type { Family } from '../../agent/model/address.ts';
import { CHAINS, INBOUND_MARK, POD_LISTEN_ADDRESSES } from '../contract.ts';
import type { PlanOptions } from '../options.ts';
import { dns, excludedCidrs, excludedPorts, loopback } from './exempt.ts';
import { hasInclusions, notIncluded } from './include.ts';
import { ownersInGate } from './owners.ts';
import { quic } from './quic.ts';
import { type Condition, type Line, type Rule, SYN } from './rule.ts';
import { uncaptured } from './uncaptured.ts';

/**
 * The filter chain. nat alone is not closed: untracked packets, connections older than the rules, inverted conntrack
 * entries and foreign DNAT pass it. So here every packet has to show that it was redirected to *our* listener, is
 * exempt in nat too, or answers an inbound connection.
 */
export function gateRules(family: Family, options: PlanOptions): readonly Rule[] {
  const pass = (condition: Condition) => ({ ...condition, target: 'RETURN' });
  const lines = [
    ...excludedPorts(options).map(pass),
    ...ownersInGate(options),
    pass(loopback()),
    ...dns(family, options).map(pass),
    ...excludedCidrs(family, options).map(pass),
    ...tcp(family, options),
    ...quic(family, options),
    ...uncaptured(family, options),
  ];
  return lines.map((line) => ({ family, table: 'filter', chain: CHAINS.gate, ...line }));
}

/**
 * A pure SYN is never an answer, whatever direction conntrack gives it: it is refused before REPLY is looked at. DNAT
 * must be ours, by the source and port its answers will have: a foreign DNAT ahead of ours has other ones.
 */
function tcp(family: Family, options: PlanOptions): readonly Line[] {
  const listener = `--ctreplsrc ${POD_LISTEN_ADDRESSES[family]} --ctreplsrcport ${options.port}`;
  const reset = 'REJECT --reject-with tcp-reset';
  const outside = ['-p tcp', ...notIncluded(family, options), '-m conntrack ! --ctstate DNAT'];
  return [
    {
      match: ['-p tcp', `-m conntrack --ctstate DNAT ${listener}`],
      purpose: 'redirected to our listener',
      target: 'RETURN',
    },
    ...(hasInclusions(options) ? [{ match: outside, purpose: 'not included', target: 'RETURN' }] : []),
    { match: SYN, purpose: 'a new connection past the capture', target: reset },
    ...inboundAnswers(),
    { match: ['-p tcp'], purpose: 'TCP past the capture', target: reset },
  ];
}

/**
 * The direction alone proves nothing: when the server of a connection that is older than the rules speaks next, conntrack
 * takes it up with the server as its origin, and the pod would answer for ever. Only who was sent a SYN sends SYN and
 * ACK: that marks the flow, and the mark lets it answer. A reset carries no data, and also tells that a port is closed.
 */
function inboundAnswers(): readonly Line[] {
  const reply = '-m conntrack --ctdir REPLY';
  return [
    {
      match: ['-p tcp', '-m tcp --tcp-flags SYN,ACK SYN,ACK', reply],
      purpose: 'mark a flow that came in',
      target: `CONNMARK --set-xmark ${INBOUND_MARK}`,
    },
    {
      match: ['-p tcp', reply, `-m connmark --mark ${INBOUND_MARK}`],
      purpose: 'answers to inbound connections',
      target: 'RETURN',
    },
    {
      match: ['-p tcp', '-m tcp --tcp-flags RST RST', reply],
      purpose: 'resets of inbound connections',
      target: 'RETURN',
    },
  ];
}
