/** Expected endings that are not a verdict of policy. The code is stable: access line, `x-weir-reason`, metrics, docs. */
export type FailureCode =
  /** The connection was dialled at the listener itself: there is no original destination to go to. */
  | 'not-redirected'
  /** The kernel cannot tell the original destination (ENOENT, EOPNOTSUPP, ENOPROTOOPT). */
  | 'no-original-destination'
  | 'bad-request'
  | 'head-too-large'
  | 'no-first-byte'
  | 'client-closed'
  | 'client-reset'
  | 'flow-limit'
  | 'resolve-failed'
  | 'no-endpoint'
  | 'dial-refused'
  | 'dial-unreachable'
  | 'dial-timeout'
  | 'upstream-reset'
  | 'bad-answer'
  | 'half-close-timeout'
  | 'idle-timeout'
  | 'undo'
  | 'drain-deadline'
  | 'internal';
