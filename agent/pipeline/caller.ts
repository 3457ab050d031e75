/** A network namespace whose connections this agent accepts, and the workload that it belongs to. */
export type EnrolledNamespace = {
  /** undefined: the agent's own. */
  readonly netns: string | undefined;
  readonly namespace: string;
  readonly pod: string;
};
