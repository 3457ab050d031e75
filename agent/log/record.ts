import type { Endpoint } from '../model/address.ts';
import type { ResourceRef } from '../model/resource.ts';

/**
 * Everything an access line can say: one record for each request, or for each connection that carries no requests that
 * we see. null: the fact does not exist. Strings may hold anything that came over the wire; formatting makes them safe.
 */
export type AccessRecord = {
  /** Milliseconds since the epoch: begin of the request, or of the connection. */
  readonly startTime: number;
  /** Milliseconds, whole. */
  readonly duration: number;
  readonly method: string | null;
  /** As sent, with its query. */
  readonly path: string | null;
  /** `HTTP/1.1`, `HTTP/2`; null for TCP. */
  readonly protocol: string | null;
  /** 0 for TCP, and where no answer was given. */
  readonly responseCode: number;
  /** Envoy's flags, joined by commas (`UF`, `UH`, `NR`, `DC` …); null where there is none. */
  readonly responseFlags: string | null;
  readonly responseCodeDetails: string | null;
  readonly connectionTerminationDetails: string | null;
  readonly upstreamTransportFailureReason: string | null;
  /** Body bytes from and to the client; all bytes for TCP. */
  readonly bytesReceived: number;
  readonly bytesSent: number;
  /** Milliseconds from the request sent on to the first byte of its answer. */
  readonly upstreamServiceTime: number | null;
  readonly upstreamHost: Endpoint | null;
  /** `outbound|80||aliyun.com`, `PassthroughCluster`, `BlackHoleCluster`. */
  readonly upstreamCluster: string | null;
  readonly upstreamLocalAddress: Endpoint | null;
  /** In hop mesh the original destination, at a gateway its own address. */
  readonly downstreamLocalAddress: Endpoint | null;
  readonly downstreamRemoteAddress: Endpoint | null;
  readonly requestedServerName: string | null;
  readonly routeName: string | null;
  readonly authority: string | null;
  readonly userAgent: string | null;
  readonly requestId: string | null;
  readonly xForwardedFor: string | null;
  readonly traceId: string | null;

  readonly sourceNamespace: string | null;
  readonly sourceWorkload: string | null;
  /** null: the connection ended before there was one. */
  readonly verdict: 'allow' | 'deny' | null;
  /** A stable code: AllowReason, DenyReason or FailureCode. */
  readonly reason: string;
  readonly matched: readonly ResourceRef[];
  /** Generation of the registry that was asked. */
  readonly registry: number;
};

/** In what the requests of a connection differ that one verdict lets pass; all else of their records is the same. */
export type ExchangeFacts = Pick<
  AccessRecord,
  | 'startTime'
  | 'duration'
  | 'method'
  | 'path'
  | 'responseCode'
  | 'bytesReceived'
  | 'bytesSent'
  | 'upstreamServiceTime'
  | 'userAgent'
  | 'requestId'
  | 'xForwardedFor'
  | 'traceId'
>;
