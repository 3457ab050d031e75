import { randomUUID } from 'node:crypto';
import type { AccessRecord } from '../../../agent/log/record.ts';
import type { Endpoint } from '../../../agent/model/address.ts';
import type { RequestHead } from '../../../agent/wire/http1-request.ts';

/** One request and its answer, as far as the least decider knows them. Times are milliseconds of performance.now(). */
export type Exchange = {
  readonly request: RequestHead;
  readonly startTime: number;
  readonly began: number;
  readonly status: number;
  readonly answered: number;
  readonly bodyBytes: number;
  readonly client: Endpoint;
  readonly destination: Endpoint;
};

const MATCHED = [{ kind: 'ServiceEntry', namespace: 'bench', name: 'origin' }] as const;

/** With every fact that the agent's own line of such a request has, so that it costs what that costs. */
export function exchangeRecord(exchange: Exchange): AccessRecord {
  const { request, client, destination } = exchange;
  const headerOf = (name: string) => request.headers.find(([key]) => key === name)?.[1] ?? null;
  const took = Math.round(exchange.answered - exchange.began);
  return {
    startTime: exchange.startTime,
    duration: took,
    method: request.method,
    path: request.target,
    protocol: `HTTP/${request.version}`,
    responseCode: exchange.status,
    responseFlags: null,
    responseCodeDetails: null,
    connectionTerminationDetails: null,
    upstreamTransportFailureReason: null,
    bytesReceived: request.body.kind === 'length' ? request.body.bytes : 0,
    bytesSent: exchange.bodyBytes,
    upstreamServiceTime: took,
    upstreamHost: destination,
    upstreamCluster: 'outbound|8080||bench.test',
    upstreamLocalAddress: null,
    downstreamLocalAddress: destination,
    downstreamRemoteAddress: client,
    requestedServerName: null,
    routeName: null,
    authority: headerOf('host'),
    userAgent: headerOf('user-agent'),
    requestId: headerOf('x-request-id') ?? randomUUID(),
    xForwardedFor: headerOf('x-forwarded-for') ?? client.ip,
    traceId: headerOf('x-b3-traceid'),
    sourceNamespace: 'default',
    sourceWorkload: 'sleep',
    verdict: 'allow',
    reason: 'granted',
    matched: MATCHED,
    registry: 1,
  };
}
