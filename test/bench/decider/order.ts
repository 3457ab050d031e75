/** What one measuring decider is to do; given as JSON in its only argument. */
export type DeciderOrder = {
  /** Path of the pod's network namespace. */
  readonly netns: string;
  /** The only Host that is allowed. */
  readonly host: string;
  /**
   * `open`: nothing is read, all passes. `observed`: heads of requests are held for JavaScript, answers pass with a copy.
   * `held`: heads of both are held for JavaScript. `leased`: so is the first exchange, the next pass under a lease.
   */
  readonly gate: 'open' | 'observed' | 'held' | 'leased';
  /** File of the access lines; none if undefined. */
  readonly logFile: string | undefined;
};
