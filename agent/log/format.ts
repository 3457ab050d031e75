/** Pure: one access record to one line, with its line feed. */
import type { AccessLogFormat } from '../config/agent-config.ts';
import { type Endpoint, endpointText } from '../model/address.ts';
import { refText } from '../model/resource.ts';
import {
  ABSENT,
  bareText,
  count,
  cut,
  jsonLine,
  MAX_PATH_UNITS,
  MAX_VALUE_UNITS,
  quotedText,
  timestamp,
} from './field.ts';
import type { AccessRecord } from './record.ts';

export function formatLine(record: AccessRecord, format: AccessLogFormat): string {
  return `${RENDER[format](record)}\n`;
}

const RENDER: Readonly<Record<AccessLogFormat, (record: AccessRecord) => string>> = {
  json: (record) => jsonLine({ ...asmFields(record), ...ownFields(record) }),
  asm: (record) => jsonLine(asmFields(record)),
  'envoy-text': (record) =>
    spaced([...requestFields(record), ...detailFields(record), ...commonFields(record), bareText(record.routeName)]),
  'istio-1.0': (record) => spaced([...requestFields(record), ...commonFields(record)]),
};

function spaced(fields: readonly string[]): string {
  return fields.join(' ');
}

/** Keys, types and their order as in the product's own samples; a value that does not exist is null. */
function asmFields(record: AccessRecord): Readonly<Record<string, string | number | null>> {
  return {
    trace_id: value(record.traceId),
    upstream_host: endpoint(record.upstreamHost),
    downstream_remote_address: endpoint(record.downstreamRemoteAddress),
    requested_server_name: value(record.requestedServerName),
    response_code: count(record.responseCode),
    upstream_service_time: milliseconds(record.upstreamServiceTime),
    user_agent: value(record.userAgent),
    path: value(record.path, MAX_PATH_UNITS),
    route_name: value(record.routeName),
    bytes_sent: count(record.bytesSent),
    response_flags: value(record.responseFlags) ?? ABSENT,
    upstream_local_address: endpoint(record.upstreamLocalAddress),
    duration: count(record.duration),
    upstream_cluster: value(record.upstreamCluster),
    upstream_transport_failure_reason: value(record.upstreamTransportFailureReason),
    authority: value(record.authority),
    request_id: value(record.requestId),
    protocol: value(record.protocol),
    bytes_received: count(record.bytesReceived),
    method: value(record.method),
    downstream_local_address: endpoint(record.downstreamLocalAddress),
    start_time: timestamp(record.startTime),
    istio_policy_status: null, // Mixer's verdict; Mixer is gone, the key stays
    x_forwarded_for: value(record.xForwardedFor),
  };
}

function ownFields(record: AccessRecord): Readonly<Record<string, unknown>> {
  return {
    source_namespace: value(record.sourceNamespace),
    source_workload: value(record.sourceWorkload),
    verdict: record.verdict,
    reason: value(record.reason),
    matched: record.matched.slice(0, MAX_MATCHED).map((ref) => cut(refText(ref), MAX_VALUE_UNITS)),
    registry: count(record.registry),
  };
}

const MAX_MATCHED = 32;

/** `[START_TIME] "METHOD PATH PROTOCOL" CODE FLAGS` */
function requestFields(record: AccessRecord): readonly string[] {
  const line = [bareText(record.method), bareText(record.path, MAX_PATH_UNITS), bareText(record.protocol)].join(' ');
  return [
    `[${timestamp(record.startTime)}]`,
    `"${line}"`,
    `${count(record.responseCode)}`,
    bareText(record.responseFlags),
  ];
}

function detailFields(record: AccessRecord): readonly string[] {
  const details = [bareText(record.responseCodeDetails), bareText(record.connectionTerminationDetails)];
  return [...details, `"${quotedText(record.upstreamTransportFailureReason)}"`];
}

/** `BYTES_RECEIVED … REQUESTED_SERVER_NAME`: the same in every version of the text format. */
function commonFields(record: AccessRecord): readonly string[] {
  const headers = [record.xForwardedFor, record.userAgent, record.requestId, record.authority];
  return [
    `${count(record.bytesReceived)}`,
    `${count(record.bytesSent)}`,
    `${count(record.duration)}`,
    milliseconds(record.upstreamServiceTime) ?? ABSENT,
    ...headers.map((header) => `"${quotedText(header)}"`),
    `"${endpoint(record.upstreamHost) ?? ABSENT}"`,
    bareText(record.upstreamCluster),
    endpoint(record.upstreamLocalAddress) ?? ABSENT,
    endpoint(record.downstreamLocalAddress) ?? ABSENT,
    endpoint(record.downstreamRemoteAddress) ?? ABSENT,
    bareText(record.requestedServerName),
  ];
}

function value(text: string | null, limit = MAX_VALUE_UNITS): string | null {
  return text === null ? null : cut(text, limit);
}

function endpoint(address: Endpoint | null): string | null {
  return address && endpointText(address);
}

/** A header's value in Envoy, therefore a string. */
function milliseconds(duration: number | null): string | null {
  return duration === null ? null : `${count(duration)}`;
}
