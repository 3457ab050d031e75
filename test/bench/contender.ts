/** Who is measured. Each has a pod of its own; all are up at once. */
export type Contender = {
  readonly name: string;
  /** undefined: nobody stands between, the pod is not captured. */
  readonly start: Start | undefined;
  /** Writes one line for each request into the file that it is given. */
  readonly logs: boolean;
  /** Refuses every Host but one, with 502. */
  readonly judges: boolean;
  /** Adds FIELD to every answer. */
  readonly addsField: boolean;
  /** The contender that its figures are divided by. */
  readonly comparedTo: string;
};

/** How a contender is started for a pod. */
export type Start = (place: Place) => {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
};

type Place = {
  /** The pod, whose connections are to be taken. */
  readonly netns: string;
  /** What access lines are appended to. */
  readonly logFile: string;
  /** For what it needs; exists, is its own, and goes away by itself. */
  readonly folder: string;
};

export const HOST = 'bench.test';
export const ORIGIN = { ip: '203.0.113.80', port: 8080 } as const;
export const FIELD = 'x-envoy-upstream-service-time';
