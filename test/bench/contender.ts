import type { Pod } from '../support/lab/topology.ts';

/** What is measured of one kind: opaque TCP, TLS judged by its SNI, TCP by a gateway, HTTP judged by its Host. */
export type Setting = 'tcp' | 'tls' | 'gateway' | 'http';

/** Who is measured. Each has a pod of its own; all of a setting are up at once. */
export type Contender = {
  readonly name: string;
  /** `part`: a piece of Weir for docs/gate.md, neither peer nor product. */
  readonly kind: 'direct' | 'peer' | 'weir' | 'part';
  /** undefined: nobody stands between, the pod is not captured. */
  readonly start: Start | undefined;
  /** Writes one line for each request or connection into the file that it is given. */
  readonly logs: boolean;
  /** Refuses every Host or SNI but one. */
  readonly judges: boolean;
  /** Adds FIELD to every answer. */
  readonly addsField: boolean;
  /** The contender that its figures are divided by, round by round. */
  readonly comparedTo: string;
  /** Not measured unless it is named. */
  readonly onlyNamed: boolean;
  /** Its best settings differ by purpose, so it is started anew for each. */
  readonly tuned: boolean;
};

/** Bytes in quantity, connections in quantity, connections that do nothing. */
export type Purpose = 'bulk' | 'connections' | 'idle';

/** How a contender is started for a pod: its processes, the first dials last. */
export type Start = (place: Place) => readonly Command[];

export type Command = {
  readonly at: 'node' | 'gateway';
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
};

export type Place = {
  /** The pod, whose connections are to be taken. */
  readonly pod: Pod;
  /** Where its gateway runs; exists in setting `gateway`. */
  readonly gateway: Pod | undefined;
  /** What access lines are appended to. */
  readonly logFile: string;
  /** For what it needs; exists, is its own, and goes away by itself. */
  readonly folder: string;
  /** The compiled programs. */
  readonly programs: string;
  /** Descriptors that it may have. */
  readonly descriptors: number;
  readonly purpose: Purpose;
};

/** Threads of every contender that can have several. */
export const THREADS = 2;
export const HOST = 'bench.test';
/** What the recorded ClientHello asks for, and another one that asks for something else. */
export const HELLO = { file: 'curl-7.88.bin', sni: 'aliyun.com', other: 'node-24.bin' } as const;
/** The gateway's Service has this port, too. */
export const ORIGIN = { ip: '203.0.113.80', port: 8080, socksPort: 1080 } as const;
export const FIELD = 'x-envoy-upstream-service-time';
/** Bytes of an answer to an order, see programs/agreement.h; to a ClientHello. */
export const FLIGHT_BYTES = 1405;
