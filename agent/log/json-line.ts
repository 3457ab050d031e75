/**
 * A record as one line of JSON, put together by hand: a third of the time of an object given to JSON.stringify. What is
 * the same in all lines of a connection is made once (JsonFrame): a line of a request then costs a tenth.
 */
import { type Endpoint, endpointText } from '../model/address.ts';
import { refText } from '../model/resource.ts';
import { ABSENT, count, jsonText, MAX_PATH_UNITS, timestamp } from './field.ts';
import type { AccessRecord, ExchangeFacts } from './record.ts';

/** All of a line but what ExchangeFacts tells: the text ahead of each of these values, key and colon included. */
export type JsonFrame = {
  readonly responseCode: string;
  readonly bytesSent: string;
  readonly duration: string;
  readonly requestId: string;
  readonly bytesReceived: string;
  readonly startTime: string;
  readonly end: string;
};

type FlowFacts = Omit<AccessRecord, keyof ExchangeFacts>;

/** `keys`: the 24 of the product's own samples (`asm`), or these and ours (`all`). */
export function jsonFrame(record: FlowFacts, keys: 'asm' | 'all'): JsonFrame {
  const { upstreamHost, downstreamRemoteAddress, upstreamLocalAddress, downstreamLocalAddress } = record;
  return {
    responseCode:
      `,"upstream_host":${address(upstreamHost)},"downstream_remote_address":${address(downstreamRemoteAddress)}` +
      `,"requested_server_name":${jsonText(record.requestedServerName)},"response_code":`,
    bytesSent: `,"route_name":${jsonText(record.routeName)},"bytes_sent":`,
    duration:
      `,"response_flags":${jsonText(record.responseFlags ?? ABSENT)}` +
      `,"upstream_local_address":${address(upstreamLocalAddress)},"duration":`,
    requestId:
      `,"upstream_cluster":${jsonText(record.upstreamCluster)}` +
      `,"upstream_transport_failure_reason":${jsonText(record.upstreamTransportFailureReason)}` +
      `,"authority":${jsonText(record.authority)},"request_id":`,
    bytesReceived: `,"protocol":${jsonText(record.protocol)},"bytes_received":`,
    startTime: `,"downstream_local_address":${address(downstreamLocalAddress)},"start_time":"`,
    end: keys === 'all' ? `${ownMembers(record)}}` : '}',
  };
}

/** Keys, types and their order as in the product's own samples; a value that does not exist is null. */
export function jsonLineOf(frame: JsonFrame, of: ExchangeFacts): string {
  const { upstreamServiceTime } = of;
  return (
    `{"trace_id":${jsonText(of.traceId)}${frame.responseCode}${count(of.responseCode)}` +
    // A header's value in Envoy, therefore a string.
    `,"upstream_service_time":${upstreamServiceTime === null ? 'null' : `"${count(upstreamServiceTime)}"`}` +
    `,"user_agent":${jsonText(of.userAgent)},"path":${jsonText(of.path, MAX_PATH_UNITS)}` +
    `${frame.bytesSent}${count(of.bytesSent)}${frame.duration}${count(of.duration)}` +
    `${frame.requestId}${jsonText(of.requestId)}${frame.bytesReceived}${count(of.bytesReceived)}` +
    `,"method":${jsonText(of.method)}${frame.startTime}${timestamp(of.startTime)}` +
    // istio_policy_status: Mixer's verdict; Mixer is gone, the key stays.
    `","istio_policy_status":null,"x_forwarded_for":${jsonText(of.xForwardedFor)}${frame.end}`
  );
}

function ownMembers(record: FlowFacts): string {
  const matched = record.matched.slice(0, MAX_MATCHED).map((ref) => jsonText(refText(ref)));
  return (
    `,"source_namespace":${jsonText(record.sourceNamespace)},"source_workload":${jsonText(record.sourceWorkload)}` +
    `,"verdict":${jsonText(record.verdict)},"reason":${jsonText(record.reason)}` +
    `,"matched":[${matched.join(',')}],"registry":${count(record.registry)}`
  );
}

const MAX_MATCHED = 32;

function address(endpoint: Endpoint | null): string {
  return endpoint ? `"${endpointText(endpoint)}"` : 'null';
}
