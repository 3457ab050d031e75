/** One run of one contender. */
export type Run = {
  /** Requests or connections a second, Gbit/s; bytes of memory for each idle flow. */
  readonly rate: number;
  /** Microseconds from request (of short connections: from connect) to the last byte; 0 for streams. */
  readonly p50us: number;
  readonly p99us: number;
  /** Microseconds of processor time of the contender for each request, connection or GiB; 0 for direct. */
  readonly cpuUs: number;
  /** Access lines for each request or connection: below 1 some were lost; 0 for who writes none. */
  readonly lines: number;
  /** Share of the box's processors that nobody used, 0 to 1. */
  readonly idle: number;
  /** Share that others used: neither contender nor load nor origin. */
  readonly others: number;
};
