import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { count, cut, jsonLine, MAX_PATH_UNITS, MAX_VALUE_UNITS, timestamp } from '../../../../agent/log/field.ts';
import { jsonFrame, jsonLineOf } from '../../../../agent/log/json-line.ts';
import type { AccessRecord } from '../../../../agent/log/record.ts';
import { type Endpoint, endpointText } from '../../../../agent/model/address.ts';
import { refText } from '../../../../agent/model/resource.ts';
import { accessRecord, endpoint } from '../../../support/access-record.ts';

/** The plain, slow way: an object of all keys, and JSON.stringify. */
function plainAsm(record: AccessRecord): Readonly<Record<string, unknown>> {
  return {
    trace_id: value(record.traceId),
    upstream_host: address(record.upstreamHost),
    downstream_remote_address: address(record.downstreamRemoteAddress),
    requested_server_name: value(record.requestedServerName),
    response_code: count(record.responseCode),
    upstream_service_time: record.upstreamServiceTime === null ? null : String(count(record.upstreamServiceTime)),
    user_agent: value(record.userAgent),
    path: value(record.path, MAX_PATH_UNITS),
    route_name: value(record.routeName),
    bytes_sent: count(record.bytesSent),
    response_flags: value(record.responseFlags) ?? '-',
    upstream_local_address: address(record.upstreamLocalAddress),
    duration: count(record.duration),
    upstream_cluster: value(record.upstreamCluster),
    upstream_transport_failure_reason: value(record.upstreamTransportFailureReason),
    authority: value(record.authority),
    request_id: value(record.requestId),
    protocol: value(record.protocol),
    bytes_received: count(record.bytesReceived),
    method: value(record.method),
    downstream_local_address: address(record.downstreamLocalAddress),
    start_time: timestamp(record.startTime),
    istio_policy_status: null,
    x_forwarded_for: value(record.xForwardedFor),
  };
}

function plainAll(record: AccessRecord): Readonly<Record<string, unknown>> {
  return {
    ...plainAsm(record),
    source_namespace: value(record.sourceNamespace),
    source_workload: value(record.sourceWorkload),
    verdict: record.verdict,
    reason: value(record.reason),
    matched: record.matched.slice(0, 32).map((ref) => cut(refText(ref), MAX_VALUE_UNITS)),
    registry: count(record.registry),
  };
}

function value(text: string | null, limit = MAX_VALUE_UNITS): string | null {
  return text === null ? null : cut(text, limit);
}

function address(at: Endpoint | null): string | null {
  return at && endpointText(at);
}

/** Mostly harmless, often not, and sometimes around the limits, where a cut may fall into a character. */
const text = fc.oneof(
  { weight: 4, arbitrary: fc.string() },
  { weight: 2, arbitrary: fc.string({ unit: 'binary' }) },
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 20 }).map((units) => String.fromCharCode(...units)),
  fc
    .tuple(
      fc.constantFrom(MAX_VALUE_UNITS, MAX_PATH_UNITS),
      fc.integer({ min: -2, max: 2 }),
      fc.string({ unit: 'binary' }),
    )
    .map(([limit, more, end]) => 'x'.repeat(Math.max(0, limit + more - end.length)) + end),
);
const nullable = fc.option(text, { nil: null });
const number = fc.oneof(fc.nat(), fc.double(), fc.integer());
const place = fc.option(
  fc.constantFrom(endpoint('203.0.113.80', 80), endpoint('2001:db8::132', 443), endpoint('198.18.0.1', 65535)),
  { nil: null },
);
const records: fc.Arbitrary<AccessRecord> = fc.record({
  startTime: number,
  duration: number,
  method: nullable,
  path: nullable,
  protocol: nullable,
  responseCode: number,
  responseFlags: nullable,
  responseCodeDetails: nullable,
  connectionTerminationDetails: nullable,
  upstreamTransportFailureReason: nullable,
  bytesReceived: number,
  bytesSent: number,
  upstreamServiceTime: fc.option(number, { nil: null }),
  upstreamHost: place,
  upstreamCluster: nullable,
  upstreamLocalAddress: place,
  downstreamLocalAddress: place,
  downstreamRemoteAddress: place,
  requestedServerName: nullable,
  routeName: nullable,
  authority: nullable,
  userAgent: nullable,
  requestId: nullable,
  xForwardedFor: nullable,
  traceId: nullable,
  sourceNamespace: nullable,
  sourceWorkload: nullable,
  verdict: fc.constantFrom('allow', 'deny', null),
  reason: text,
  matched: fc.array(fc.record({ kind: text, namespace: text, name: text }), { maxLength: 40 }),
  registry: number,
});

test('any record: byte for byte what JSON.stringify makes of the same keys', () => {
  fc.assert(
    fc.property(records, (record) => {
      assert.equal(jsonLineOf(jsonFrame(record, 'asm'), record), jsonLine(plainAsm(record)));
      assert.equal(jsonLineOf(jsonFrame(record, 'all'), record), jsonLine(plainAll(record)));
    }),
  );
});

test('a frame says nothing of one exchange: it is the same for all that differ only in that', () => {
  const [one, other] = [accessRecord(), accessRecord({ traceId: 'a', userAgent: 'b', startTime: 1, bytesSent: 2 })];
  assert.deepEqual(jsonFrame(one, 'all'), jsonFrame(other, 'all'));
  fc.assert(
    fc.property(records, records, (a, b) => {
      const { startTime, duration, method, path, responseCode, bytesReceived, bytesSent } = b;
      const { upstreamServiceTime, userAgent, requestId, xForwardedFor, traceId } = b;
      const counts = { startTime, duration, responseCode, bytesReceived, bytesSent, upstreamServiceTime };
      const exchange = { ...counts, method, path, userAgent, requestId, xForwardedFor, traceId };
      assert.equal(jsonLineOf(jsonFrame(a, 'all'), exchange), jsonLine(plainAll({ ...a, ...exchange })));
    }),
  );
});
