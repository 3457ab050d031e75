import type { IpAddress } from '../../model/address.ts';
import type { Hostname } from '../../model/hostname.ts';

/** What a name resolves to. `ips` are in the order of dialling and never empty; `cnames` are the aliases on the way. */
export type Resolution =
  | { readonly kind: 'addresses'; readonly ips: readonly IpAddress[]; readonly cnames: readonly Hostname[] }
  | { readonly kind: 'none'; readonly because: NoneReason };

/** Stable codes (metrics, logs). The first two are answers, the others say that there was none to rely on. */
export type NoneReason = 'nxdomain' | 'no-data' | FailedReason;

export type FailedReason =
  | 'servfail'
  | 'refused'
  /** No matching answer from any server in the time allowed. */
  | 'timeout'
  /** ICMP unreachable, connection refused, no route, or no descriptor left for a socket. */
  | 'unreachable'
  /** The answer contradicts itself: a loop or an endless chain of aliases, an alias that is no name. */
  | 'bad-answer'
  /** More names are being asked at once than `maxInFlight`, or `maxInFlightOfOne` by this asker. */
  | 'overloaded'
  | 'closed';
