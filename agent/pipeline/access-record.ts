import type { AccessRecord } from '../log/record.ts';
import type { IpAddress } from '../model/address.ts';
import { type Evidence, fieldValue } from '../model/evidence.ts';
import type { FailureCode } from '../model/failure.ts';
import type { DenyReason } from '../model/verdict.ts';
import type { RequestHead } from '../wire/http1-request.ts';
import { newRequestId } from './request-id.ts';
import type { Ended, Outcome } from './stages.ts';

/** The access line's facts of one flow, or of one request. `registryNow` stands in where no registry was asked. */
export function accessRecord(outcome: Outcome, ended: Ended, registryNow: number): AccessRecord {
  const { conversation, destination, source, verdict, failure, upstream, request, evidence } = outcome;
  const workload = source?.kind === 'workload' ? source.workload : undefined;
  const client = outcome.client ?? conversation.opening.peer;
  return {
    startTime: outcome.startedAt,
    duration: Math.max(0, Math.round(ended.durationMs)),
    responseCode: ended.status,
    bytesReceived: ended.bytesReceived,
    bytesSent: ended.bytesSent,
    ...(request ? requestFacts(request, client.ip, outcome.requestId) : NO_REQUEST),
    responseFlags: ended.flag,
    responseCodeDetails: null,
    connectionTerminationDetails: null,
    upstreamTransportFailureReason: null,
    upstreamServiceTime: ended.serviceMs,
    upstreamHost: upstream?.endpoint ?? null,
    upstreamCluster: clusterOf(outcome),
    upstreamLocalAddress: upstream?.local ?? null,
    downstreamLocalAddress: destination ?? conversation.opening.local,
    downstreamRemoteAddress: client,
    requestedServerName: serverName(evidence) ?? null,
    routeName: request ? routeName(outcome) : null,
    sourceNamespace: workload?.namespace ?? outcome.caller.namespace,
    sourceWorkload: workload?.name ?? outcome.caller.pod,
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

function requestFacts(request: RequestHead, client: IpAddress, requestId: string | undefined): RequestFacts {
  return {
    method: request.method,
    path: request.target,
    protocol: `HTTP/${request.version}`,
    authority: headerOf(request, 'host'),
    userAgent: headerOf(request, 'user-agent'),
    requestId: headerOf(request, 'x-request-id') ?? requestId ?? newRequestId(),
    xForwardedFor: forwardedFor(fieldValue(request.headers, 'x-forwarded-for') ?? null, client),
    traceId: headerOf(request, 'x-b3-traceid'),
  };
}

/** As it would be sent on by a proxy that adds itself. */
export function forwardedFor(header: string | null, client: IpAddress): string {
  return header === null ? client : `${header},${client}`;
}

function headerOf({ headers }: RequestHead, name: string): string | null {
  return headers.find(([key]) => key === name)?.[1] ?? null;
}

function serverName(evidence: Evidence | undefined): string | undefined {
  if (evidence?.kind === 'tls') return evidence.serverName;
  return evidence?.kind === 'tls-ech' ? evidence.outerName : undefined;
}

/** In Envoy's words: what is refused goes to the black hole, what no route takes goes nowhere. */
function clusterOf({ verdict, failure }: Outcome): string | null {
  if (failure?.code === 'self-proof' || (verdict?.kind === 'deny' && NOWHERE.has(verdict.reason))) return null;
  if (verdict?.kind === 'allow' && failure?.code !== 'address-forbidden') return verdict.route.cluster;
  return verdict || failure ? 'BlackHoleCluster' : null;
}

const NOWHERE: ReadonlySet<DenyReason> = new Set(['no-route', 'path-ambiguous']);

function routeName({ verdict }: Outcome): string | null {
  if (verdict?.kind === 'deny') return NOWHERE.has(verdict.reason) ? null : 'block_all';
  return verdict?.route.name ?? (verdict?.reason === 'allow-any' ? 'allow_any' : null);
}
