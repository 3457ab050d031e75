import type { AccessRecord } from '../../agent/log/record.ts';
import { type Endpoint, parseIp } from '../../agent/model/address.ts';
import { portOf } from '../../agent/model/port.ts';

/** A request that was sent on and answered with 301. */
export function accessRecord(changes: Partial<AccessRecord> = {}): AccessRecord {
  return { ...ANSWERED, ...changes };
}

export function endpoint(ip: string, port: number): Endpoint {
  const address = { ip: parseIp(ip), port: portOf(port) };
  if (!address.ip || !address.port) throw new RangeError(`not an endpoint: ${ip} ${port}`);
  return { ip: address.ip, port: address.port };
}

const ANSWERED: AccessRecord = {
  startTime: Date.UTC(2022, 10, 30, 8, 3, 1, 315),
  duration: 24,
  method: 'HEAD',
  path: '/',
  protocol: 'HTTP/1.1',
  responseCode: 301,
  responseFlags: null,
  responseCodeDetails: 'via_upstream',
  connectionTerminationDetails: null,
  upstreamTransportFailureReason: null,
  bytesReceived: 0,
  bytesSent: 0,
  upstreamServiceTime: 24,
  upstreamHost: endpoint('203.0.113.80', 80),
  upstreamCluster: 'outbound|80||aliyun.com',
  upstreamLocalAddress: endpoint('198.18.0.141', 60388),
  downstreamLocalAddress: endpoint('198.18.0.141', 80),
  downstreamRemoteAddress: endpoint('198.18.0.140', 47942),
  requestedServerName: null,
  routeName: null,
  authority: 'aliyun.com',
  userAgent: 'curl/7.86.0-DEV',
  requestId: '55789d59-9b81-4e39-b64a-66baf44e0000',
  xForwardedFor: '198.18.0.140',
  traceId: null,
  sourceNamespace: 'default',
  sourceWorkload: 'sleep',
  verdict: 'allow',
  reason: 'granted',
  matched: [{ kind: 'ServiceEntry', namespace: 'default', name: 'aliyun' }],
  registry: 3,
};
