import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { ACCESS_LOG_FORMATS } from '../../../../agent/config/common-config.ts';
import { MAX_PATH_UNITS, MAX_VALUE_UNITS } from '../../../../agent/log/field.ts';
import { formatLine, lineFormatter } from '../../../../agent/log/format.ts';
import type { AccessRecord } from '../../../../agent/log/record.ts';
import { accessRecord, endpoint } from '../../../support/access-record.ts';

const ASM: Readonly<Record<string, unknown>> = {
  trace_id: null,
  upstream_host: '203.0.113.80:80',
  downstream_remote_address: '198.18.0.140:47942',
  requested_server_name: null,
  response_code: 301,
  upstream_service_time: '24',
  user_agent: 'curl/7.86.0-DEV',
  path: '/',
  route_name: null,
  bytes_sent: 0,
  response_flags: '-',
  upstream_local_address: '198.18.0.141:60388',
  duration: 24,
  upstream_cluster: 'outbound|80||aliyun.com',
  upstream_transport_failure_reason: null,
  authority: 'aliyun.com',
  request_id: '55789d59-9b81-4e39-b64a-66baf44e0000',
  protocol: 'HTTP/1.1',
  bytes_received: 0,
  method: 'HEAD',
  downstream_local_address: '198.18.0.141:80',
  start_time: '2022-11-30T08:03:01.315Z',
  istio_policy_status: null,
  x_forwarded_for: '198.18.0.140',
};

test('asm: the 24 keys and types of the mesh log, and no others', () => {
  assert.equal(Object.keys(ASM).length, 24);
  assert.deepEqual(JSON.parse(formatLine(accessRecord(), 'asm')), ASM);
});

test('json: these and who, verdict, reason, what decided, which registry', () => {
  assert.deepEqual(JSON.parse(formatLine(accessRecord(), 'json')), {
    ...ASM,
    source_namespace: 'default',
    source_workload: 'sleep',
    verdict: 'allow',
    reason: 'granted',
    matched: ['ServiceEntry default/aliyun'],
    registry: 3,
  });
});

describe('istio-1.0: the lines of Istio 1.0', () => {
  test('of a request', () => {
    const record = accessRecord({
      startTime: Date.UTC(2019, 0, 31, 14, 40, 18, 645),
      method: 'GET',
      path: '/status/418',
      responseCode: 418,
      bytesSent: 135,
      duration: 187,
      upstreamServiceTime: 186,
      upstreamCluster: 'outbound|80||httpbin.org',
      authority: 'httpbin.org',
      upstreamLocalAddress: null,
    });
    assert.equal(
      formatLine(record, 'istio-1.0'),
      '[2019-01-31T14:40:18.645Z] "GET /status/418 HTTP/1.1" 418 - 0 135 187 186 "198.18.0.140" "curl/7.86.0-DEV" ' +
        '"55789d59-9b81-4e39-b64a-66baf44e0000" "httpbin.org" "203.0.113.80:80" outbound|80||httpbin.org - ' +
        '198.18.0.141:80 198.18.0.140:47942 -\n',
    );
  });

  test('of a connection', () => {
    assert.equal(
      formatLine(CONNECTION, 'istio-1.0'),
      '[2019-01-31T13:40:11.076Z] "- - -" 0 - 589 17798 1644 - "-" "-" "-" "-" "[2001:db8::132]:443" ' +
        'outbound|443||edition.cnn.com 198.18.0.33:54508 198.18.0.33:443 198.18.0.75:49467 edition.cnn.com\n',
    );
  });
});

test('envoy-text: details behind the flags, the route at the end', () => {
  const record = accessRecord({
    responseCode: 0,
    responseFlags: 'UF',
    responseCodeDetails: null,
    routeName: 'allow any',
  });
  assert.equal(
    formatLine({ ...CONNECTION, ...record, connectionTerminationDetails: null }, 'envoy-text'),
    '[2022-11-30T08:03:01.315Z] "HEAD / HTTP/1.1" 0 UF - - "-" 0 0 24 24 "198.18.0.140" "curl/7.86.0-DEV" ' +
      '"55789d59-9b81-4e39-b64a-66baf44e0000" "aliyun.com" "203.0.113.80:80" outbound|80||aliyun.com ' +
      '198.18.0.141:60388 198.18.0.141:80 198.18.0.140:47942 - allow\\x20any\n',
  );
});

test('every format: the lines of one connection are those of its records', () => {
  const first = accessRecord({ path: '/first', bytesSent: 1 });
  const exchanges = [
    accessRecord({
      path: '/second?a=b',
      responseCode: 404,
      upstreamServiceTime: null,
      userAgent: null,
      traceId: 'f00',
    }),
    accessRecord({ method: 'POST', startTime: 0, duration: 7, bytesReceived: 8, bytesSent: 9, requestId: 'a"b' }),
    first,
  ];
  for (const format of ACCESS_LOG_FORMATS) {
    const lineOf = lineFormatter(first, format);
    for (const each of exchanges) assert.equal(lineOf(each), formatLine(each, format), format);
  }
});

describe('nothing from the wire can break a line', () => {
  const hostile = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 50 }).map((units) => String.fromCharCode(...units)),
    fc
      .array(fc.constantFrom('\n', '\r', '"', '\\', '\u0085', '\u2028', '\u0000', ' ', '\u007f', '\ud800', '\udc00'))
      .map((all) => all.join('')),
  );
  const text = fc.option(hostile, { nil: null });
  const number = fc.oneof(fc.double(), fc.integer());
  const records: fc.Arbitrary<AccessRecord> = fc
    .record({
      startTime: number,
      duration: number,
      responseCode: number,
      registry: number,
      method: text,
      path: text,
      protocol: text,
      responseFlags: text,
      responseCodeDetails: text,
      connectionTerminationDetails: text,
      upstreamTransportFailureReason: text,
      upstreamCluster: text,
      requestedServerName: text,
      routeName: text,
      authority: text,
      userAgent: text,
      requestId: text,
      xForwardedFor: text,
      traceId: text,
      reason: hostile,
      sourceNamespace: text,
      sourceWorkload: text,
      upstreamServiceTime: fc.option(number, { nil: null }),
      bytesReceived: number,
      bytesSent: number,
      matched: fc.array(fc.record({ kind: hostile, namespace: hostile, name: hostile }), { maxLength: 3 }),
    })
    .map((changes) => accessRecord(changes));

  /** Every string of a record, where JSON has it. */
  const strings = {
    trace_id: 'traceId',
    requested_server_name: 'requestedServerName',
    user_agent: 'userAgent',
    path: 'path',
    route_name: 'routeName',
    upstream_cluster: 'upstreamCluster',
    upstream_transport_failure_reason: 'upstreamTransportFailureReason',
    authority: 'authority',
    request_id: 'requestId',
    protocol: 'protocol',
    method: 'method',
    x_forwarded_for: 'xForwardedFor',
  } as const;
  const ownStrings = {
    source_namespace: 'sourceNamespace',
    source_workload: 'sourceWorkload',
    reason: 'reason',
  } as const;

  test('json and asm: one line, and JSON.parse gives the values back', () => {
    fc.assert(
      fc.property(records, (record) => {
        for (const [format, size, keys] of [
          ['asm', 24, strings],
          ['json', 30, { ...strings, ...ownStrings }],
        ] as const) {
          const line = formatLine(record, format);
          assertOneLine(line);
          const parsed: unknown = JSON.parse(line);
          assert.ok(typeof parsed === 'object' && parsed !== null);
          const fields: Readonly<Record<string, unknown>> = { ...parsed };
          assert.equal(Object.keys(fields).length, size);
          for (const [key, name] of Object.entries(keys)) assert.equal(fields[key], record[name], key);
          assert.equal(fields['response_flags'], record.responseFlags ?? '-');
          for (const key of ['response_code', 'bytes_received', 'bytes_sent', 'duration']) {
            assert.equal(typeof fields[key], 'number', key);
          }
          if (format === 'asm') continue;
          const matched = record.matched.map((ref) => `${ref.kind} ${ref.namespace}/${ref.name}`);
          assert.deepEqual(fields['matched'], matched);
        }
      }),
    );
  });

  test('text: one line, as many fields as there are, quotes closed', () => {
    fc.assert(
      fc.property(records, (record) => {
        for (const [format, fields] of [
          ['istio-1.0', 18],
          ['envoy-text', 22],
        ] as const) {
          const line = formatLine(record, format);
          assertOneLine(line);
          // Quoted or bare fields, as a reader would split them; method, path and protocol are one quoted field.
          const split = line.slice(0, -1).match(/"(?:[^"\\]|\\.)*"|[^\s"]+/gu) ?? [];
          assert.equal(split.length, fields, line);
          assert.equal(split.join(' '), line.slice(0, -1));
          assert.equal(split[1]?.split(' ').length, 3);
        }
      }),
    );
  });

  test('long values are cut, not in the middle of a character', () => {
    const record = accessRecord({ path: `/${'😀'.repeat(MAX_PATH_UNITS)}`, userAgent: 'x'.repeat(1_000_000) });
    for (const format of ACCESS_LOG_FORMATS) assert.ok(formatLine(record, format).length < 16_000, format);
    const fields: unknown = JSON.parse(formatLine(record, 'asm'));
    assert.ok(typeof fields === 'object' && fields && 'path' in fields && 'user_agent' in fields);
    assert.equal(fields.path, `/${'😀'.repeat((MAX_PATH_UNITS - 2) / 2)}`);
    assert.equal(fields.user_agent, 'x'.repeat(MAX_VALUE_UNITS));
  });

  test('quotes and control bytes in text', () => {
    const record = accessRecord({
      path: '/a b"\n\u0001é',
      userAgent: 'say "hi"\\\r\n',
      requestedServerName: 'a b\u2028',
    });
    const line = formatLine(record, 'istio-1.0');
    assert.match(line, /"HEAD \/a\\x20b\\x22\\x0a\\x01é HTTP\/1\.1"/);
    assert.match(line, /"say \\"hi\\"\\\\\\r\\n"/);
    assert.match(line, / a\\x20b\\u\{2028\}\n$/);
  });
});

const CONNECTION = accessRecord({
  startTime: Date.UTC(2019, 0, 31, 13, 40, 11, 76),
  method: null,
  path: null,
  protocol: null,
  responseCode: 0,
  bytesReceived: 589,
  bytesSent: 17798,
  duration: 1644,
  upstreamServiceTime: null,
  xForwardedFor: null,
  userAgent: null,
  requestId: null,
  authority: null,
  upstreamHost: endpoint('2001:db8::132', 443),
  upstreamCluster: 'outbound|443||edition.cnn.com',
  upstreamLocalAddress: endpoint('198.18.0.33', 54508),
  downstreamLocalAddress: endpoint('198.18.0.33', 443),
  downstreamRemoteAddress: endpoint('198.18.0.75', 49467),
  requestedServerName: 'edition.cnn.com',
});

function assertOneLine(line: string): void {
  assert.ok(line.endsWith('\n'));
  assert.doesNotMatch(line.slice(0, -1), /[\p{Cc}\u2028\u2029]/u);
  assert.ok(line.isWellFormed());
}
