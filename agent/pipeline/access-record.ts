import type { AccessRecord } from '../log/record.ts';
import type { IpAddress } from '../model/address.ts';
import type { Evidence } from '../model/evidence.ts';
import type { FailureCode } from '../model/failure.ts';
import type { RequestHead } from '../wire/http1-request.ts';
import { newRequestId } from './request-id.ts';
import type { Ended, Outcome } from './stages.ts';

/** The access line's facts of one flow, or of one request. `registryNow` stands in where no registry was asked. */
export function accessRecord(outcome: Outcome, ended: Ended, registryNow: number): AccessRecord {
  const { conversation, destination, source, verdict, failure, upstream, request, evidence } = outcome;
  const workload = source?.kind === 'workload' ? source.workload : undefined;
  const { peer } = conversation.opening;
  return {
    startTime: outcome.startedAt,
    duration: Math.max(0, Math.round(ended.durationMs)),
    responseCode: ended.status,
    bytesReceived: ended.bytesReceived,
    bytesSent: ended.bytesSent,
    ...(request ? requestFacts(request, peer.ip) : NO_REQUEST),
    responseFlags: ended.flag,
    responseCodeDetails: null,
    connectionTerminationDetails: null,
    upstreamTransportFailureReason: null,
    upstreamServiceTime: ended.serviceMs,
    upstreamHost: upstream?.endpoint ?? null,
    upstreamCluster: clusterOf(outcome),
    upstreamLocalAddress: upstream?.local ?? null,
    downstreamLocalAddress: destination ?? conversation.opening.local,
    downstreamRemoteAddress: peer,
    requestedServerName: serverName(evidence) ?? null,
    routeName: request ? routeName(outcome) : null,
    sourceNamespace: workload?.namespace ?? outcome.enrolled.namespace,
    sourceWorkload: workload?.name ?? outcome.enrolled.pod,
    verdict: verdictOf(outcome),
    reason: failure?.code ?? verdict?.reason ?? 'internal',
    matched: verdict?.matched ?? [],
    registry: outcome.generation ?? registryNow,
  };
}

/** null: the client left before there was one. */
export function verdictOf({ verdict, failure }: Outcome): AccessRecord['verdict'] {
  if (failure?.code === 'address-forbidden' || failure?.code === 'policy-changed') return 'deny';
  if (verdict) return verdict.kind;
  return failure && WITHOUT_VERDICT.has(failure.code) ? null : 'deny';
}

const WITHOUT_VERDICT: ReadonlySet<FailureCode> = new Set([
  'client-closed',
  'client-reset',
  'self-proof',
  'upstream-reset', // of a tunnel, before anything was said through it
]);

type RequestFacts = Pick<
  AccessRecord,
  'method' | 'path' | 'protocol' | 'authority' | 'userAgent' | 'requestId' | 'xForwardedFor' | 'traceId'
>;

const NO_REQUEST: RequestFacts = {
  method: null,
  path: null,
  protocol: null,
  authority: null,
  userAgent: null,
  requestId: null,
  xForwardedFor: null,
  traceId: null,
};

function requestFacts(request: RequestHead, peer: IpAddress): RequestFacts {
  return {
    method: request.method,
    path: request.target,
    protocol: `HTTP/${request.version}`,
    authority: headerOf(request, 'host'),
    userAgent: headerOf(request, 'user-agent'),
    requestId: headerOf(request, 'x-request-id') ?? newRequestId(),
    xForwardedFor: forwardedFor(headerOf(request, 'x-forwarded-for'), peer),
    traceId: headerOf(request, 'x-b3-traceid'),
  };
}

/** As it would be sent on by a proxy that adds itself. */
export function forwardedFor(header: string | null, peer: IpAddress): string {
  return header === null ? peer : `${header},${peer}`;
}

function headerOf({ headers }: RequestHead, name: string): string | null {
  return headers.find(([key]) => key === name)?.[1] ?? null;
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
