import { randomUUID } from 'node:crypto';
import type { AccessRecord } from '../log/record.ts';
import type { Evidence } from '../model/evidence.ts';
import type { FailureCode } from '../model/failure.ts';
import type { ClosedEvent } from '../model/mover.ts';
import type { Outcome } from './stages.ts';

/** The access line's facts of one flow, or of its one request. `registryNow` stands in where no registry was asked. */
export function accessRecord(outcome: Outcome, closed: ClosedEvent, registryNow: number): AccessRecord {
  const { conversation, destination, source, verdict, failure, upstream, request, evidence } = outcome;
  const workload = source?.kind === 'workload' ? source.workload : undefined;
  const { peer } = conversation.opening;
  return {
    startTime: outcome.startedAt,
    duration: milliseconds(closed.atClosed - closed.atAccepted),
    ...httpFacts(outcome, closed),
    responseFlags: flagsOf(outcome, closed),
    responseCodeDetails: null,
    connectionTerminationDetails: null,
    upstreamTransportFailureReason: null,
    upstreamServiceTime: serviceTime(outcome, closed),
    upstreamHost: upstream?.endpoint ?? null,
    upstreamCluster: clusterOf(outcome),
    upstreamLocalAddress: upstream?.local ?? null,
    downstreamLocalAddress: destination ?? conversation.opening.local,
    downstreamRemoteAddress: peer,
    requestedServerName: serverName(evidence) ?? null,
    routeName: request ? routeName(outcome) : null,
    traceId: request ? headerOf(outcome, 'x-b3-traceid') : null,
    sourceNamespace: workload?.namespace ?? outcome.enrolled.namespace,
    sourceWorkload: workload?.name ?? outcome.enrolled.pod,
    verdict: verdictOf(outcome),
    reason: failure?.code ?? verdict?.reason ?? 'internal',
    matched: verdict?.matched ?? [],
    registry: outcome.generation ?? registryNow,
  };
}

/** null: the client left before there was one. */
function verdictOf({ verdict, failure }: Outcome): AccessRecord['verdict'] {
  if (failure?.code === 'address-forbidden') return 'deny';
  if (verdict) return verdict.kind;
  return failure && WITHOUT_VERDICT.has(failure.code) ? null : 'deny';
}

const WITHOUT_VERDICT: ReadonlySet<FailureCode> = new Set(['client-closed', 'client-reset', 'self-proof']);

type HttpFacts = Pick<
  AccessRecord,
  | 'method'
  | 'path'
  | 'protocol'
  | 'responseCode'
  | 'bytesReceived'
  | 'bytesSent'
  | 'authority'
  | 'userAgent'
  | 'requestId'
  | 'xForwardedFor'
>;

function httpFacts(outcome: Outcome, closed: ClosedEvent): HttpFacts {
  const { request, exchange, refusedWith, conversation } = outcome;
  const headBytes = exchange?.answerHeadBytes ?? refusedWith?.headBytes ?? 0;
  const bytesSent = Math.max(0, closed.toClient - headBytes);
  if (!request) {
    return {
      method: null,
      path: null,
      protocol: null,
      responseCode: refusedWith?.status ?? 0,
      bytesReceived: closed.toUpstream,
      bytesSent,
      authority: null,
      userAgent: null,
      requestId: null,
      xForwardedFor: null,
    };
  }
  const forwarded = headerOf(outcome, 'x-forwarded-for');
  const { ip } = conversation.opening.peer;
  return {
    method: request.method,
    path: request.target,
    protocol: `HTTP/${request.version}`,
    responseCode: exchange?.status ?? refusedWith?.status ?? 0,
    bytesReceived: Math.max(0, closed.toUpstream - (exchange?.requestHeadBytes ?? 0)),
    bytesSent,
    authority: headerOf(outcome, 'host'),
    userAgent: headerOf(outcome, 'user-agent'),
    requestId: headerOf(outcome, 'x-request-id') ?? randomUUID(),
    xForwardedFor: forwarded === null ? ip : `${forwarded},${ip}`,
  };
}

function headerOf({ request }: Outcome, name: string): string | null {
  return request?.headers.find(([key]) => key === name)?.[1] ?? null;
}

function serverName(evidence: Evidence | undefined): string | undefined {
  if (evidence?.kind === 'tls') return evidence.serverName;
  return evidence?.kind === 'tls-ech' ? evidence.outerName : undefined;
}

/** In Envoy's words: what is refused goes to the black hole. */
function clusterOf({ verdict, failure }: Outcome): string | null {
  if (failure?.code === 'self-proof') return null;
  if (verdict?.kind === 'allow' && failure?.code !== 'address-forbidden') return verdict.route.cluster;
  return verdict || failure ? 'BlackHoleCluster' : null;
}

function routeName({ verdict }: Outcome): string | null {
  if (verdict?.kind === 'deny') return 'block_all';
  return verdict?.reason === 'allow-any' ? 'allow_any' : null;
}

function flagsOf({ failure, request, exchange }: Outcome, closed: ClosedEvent): string | null {
  if (failure) return failure.flag === '-' ? null : failure.flag;
  if (closed.cause === 'no-resources') return 'OM';
  if (closed.cause === 'half-close-timeout') return 'DT';
  if (closed.cause === 'reset') return closed.client === 'reset' || closed.client === 'error' ? 'DC' : 'UC';
  if (exchange?.cut) return 'UC';
  if (request && exchange && exchange.status === 0)
    return closed.client === 'none' || closed.client === 'closed-by-us' ? 'UC' : 'DC';
  return null;
}

function serviceTime({ request, exchange }: Outcome, closed: ClosedEvent): number | null {
  const answered =
    request !== undefined && exchange !== undefined && closed.atFirstUpstreamByte > 0 && closed.atConnected > 0;
  return answered ? milliseconds(closed.atFirstUpstreamByte - closed.atConnected) : null;
}

function milliseconds(microseconds: number): number {
  return Math.max(0, Math.round(microseconds / 1000));
}
