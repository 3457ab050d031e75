/**
 * What init and agent must agree on. A leaf: imports nothing. The agent may import this file and nothing else of init/
 * (agent/accept may also use init/netfilter).
 */

/** Port of the agent's listeners, REDIRECT's target; Istio's number, so that existing NetworkPolicies keep fitting. */
export const DEFAULT_LISTEN_PORT = 15001;

/** Where the agent listens in a pod. Loopback only: a listener on any address is reachable from outside the pod. */
export const POD_LISTEN_ADDRESSES = { 4: '127.0.0.1', 6: '::1' } as const;

/** One jump leads from each built-in chain to ours; nothing else of ours stands in a chain that we do not own. */
export const CHAINS = { natOutput: 'WEIR_OUTPUT', gate: 'WEIR_GATE' } as const;

/** Sets of ipset. `ports` is bitmap:port 0-65535 and serves both families; the CIDR sets are hash:net, one a family. */
export const SETS = {
  ports: 'weir-ports',
  exclude: { 4: 'weir-exclude4', 6: 'weir-exclude6' },
  include: { 4: 'weir-include4', 6: 'weir-include6' },
  cluster: { 4: 'weir-cluster4', 6: 'weir-cluster6' },
  /** hash:ip with comments: the options of the last apply, so that status, verify and remove need not be told them. */
  record: 'weir-options',
  /** A set is filled under this name, then swapped in. */
  beside: 'weir-beside',
} as const;

/**
 * Connection mark of flows of excluded owners. The mask is Weir's share of the mark; the value differs from that of the
 * agent's own dials (0x57000000), which the agent may withdraw all at once.
 */
export const OWNER_MARK = '0x58000000/0xff000000';

/** Connection mark of flows that came in and were accepted: only these may be answered. Mask as above. */
export const INBOUND_MARK = '0x59000000/0xff000000';

/** Documentation addresses (RFC 5737, RFC 3849): nobody lives there, so only a redirect can make them answer. */
export const VERIFY_DESTINATIONS = { 4: { ip: '192.0.2.1', port: 1 }, 6: { ip: '2001:db8::1', port: 1 } } as const;

/** `WEIR-VERIFY <64 hex digits>\n`: answered with `<token> <original destination as seen>\n`, then closed. */
export const VERIFY_WORD = 'WEIR-VERIFY';

/**
 * `WEIR-UNDO <64 hex digits>\n`: the agent resets every other flow of that namespace, refuses new ones for
 * UNDO_REFUSAL_MS, then answers as to VERIFY_WORD.
 */
export const UNDO_WORD = 'WEIR-UNDO';
export const UNDO_REFUSAL_MS = 5_000;
export const TOKEN_HEX_DIGITS = 64;

/** Exit codes of both programs (sysexits.h where it has one; 126 as Istio's validation uses it). */
export const EXIT = { ok: 0, usage: 64, unavailable: 69, software: 70, tempfail: 75, verifyFailed: 126 } as const;
