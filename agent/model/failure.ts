import type { HttpRefusalStatus } from './verdict.ts';

/** Expected endings that are not a verdict of policy. The code is stable: access line, `x-weir-reason`, metrics, docs. */
export type FailureCode =
  /** The connection was dialled at the listener itself: there is no original destination to go to. */
  | 'not-redirected'
  /** The kernel cannot tell the original destination (ENOENT, EOPNOTSUPP, ENOPROTOOPT). */
  | 'no-original-destination'
  /** A trusted peer of a gateway must say for whom it speaks, and did not, or not in time. */
  | 'preamble-missing'
  /** Somebody who is not trusted said for whom it speaks. */
  | 'preamble-untrusted'
  | 'preamble-bad'
  | 'bad-request'
  | 'head-too-large'
  /** An Upgrade that is not websocket: nothing after it could be judged. */
  | 'upgrade'
  | 'no-first-byte'
  | 'client-closed'
  | 'client-reset'
  | 'flow-limit'
  | 'address-forbidden'
  | 'resolve-failed'
  | 'no-endpoint'
  | 'dial-refused'
  | 'dial-unreachable'
  | 'dial-timeout'
  | 'bad-answer'
  /** The upstream ended the connection without a byte of the answer. */
  | 'upstream-reset'
  /** A new registry no longer admits what lived under an older one. */
  | 'policy-changed'
  /** `weir-init` asked who holds the listener, and was answered. */
  | 'self-proof'
  | 'undo'
  | 'internal';

/** An ending that is not policy's. */
export type Failure = {
  readonly code: FailureCode;
  /** Status of the answer if the flow speaks HTTP; undefined: nothing can be said, the connection is reset. */
  readonly httpStatus: HttpRefusalStatus | undefined;
  /** Envoy's response flag: UF, UH, …; `-` if none fits. */
  readonly flag: string;
};
