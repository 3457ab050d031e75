/**
 * Whose flows are counted together, so that one cannot use up what others need: a pod whose network namespace is
 * enrolled, or a client of a gateway.
 */
export type Caller = {
  /** Path of the namespace; at a gateway `NAMESPACE/POD` of the workload, or the client's address. */
  readonly key: string;
  /** What the namespace is enrolled for; null at a gateway. */
  readonly namespace: string | null;
  readonly pod: string | null;
};
