/** The lines that the product's own samples show (seeds 000 and 002), with addresses of the lab in place of theirs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatLine } from '../../../../agent/log/format.ts';
import type { AccessRecord } from '../../../../agent/log/record.ts';
import { accessRecord, endpoint } from '../../../support/access-record.ts';

/** Seed 000: `curl -I http://aliyun.com` from sleep, at the gateway. */
const HEAD_ALIYUN = accessRecord();

/** Seed 002: `curl http://httpbin.org/status/418` by a client of the gateway. */
const TEAPOT = accessRecord({
  startTime: Date.UTC(2019, 0, 31, 14, 40, 18, 645),
  duration: 187,
  method: 'GET',
  path: '/status/418',
  responseCode: 418,
  bytesSent: 135,
  upstreamServiceTime: 186,
  upstreamHost: endpoint('203.0.113.106', 80),
  upstreamCluster: 'outbound|80||httpbin.org',
  upstreamLocalAddress: null,
  downstreamLocalAddress: endpoint('198.18.0.33', 80),
  downstreamRemoteAddress: endpoint('198.18.0.75', 52077),
  authority: 'httpbin.org',
  userAgent: 'curl/7.54.0',
  requestId: '28255618-6ca5-9d91-9634-c562694a3625',
  xForwardedFor: '198.18.0.75',
});

/** Seed 002: `curl https://edition.cnn.com`, passed on by its SNI. */
const CNN = accessRecord({
  startTime: Date.UTC(2019, 0, 31, 13, 40, 11, 76),
  duration: 1644,
  method: null,
  path: null,
  protocol: null,
  responseCode: 0,
  bytesReceived: 589,
  bytesSent: 17798,
  upstreamServiceTime: null,
  upstreamHost: endpoint('203.0.113.132', 443),
  upstreamCluster: 'outbound|443||edition.cnn.com',
  upstreamLocalAddress: endpoint('198.18.0.33', 54508),
  downstreamLocalAddress: endpoint('198.18.0.33', 443),
  downstreamRemoteAddress: endpoint('198.18.0.75', 49467),
  requestedServerName: 'edition.cnn.com',
  authority: null,
  userAgent: null,
  requestId: null,
  xForwardedFor: null,
});

/** Of seed 000, in its order; each with what may stand there for a request and for a connection. */
const KEYS: Readonly<Record<string, readonly [request: RegExp, connection: RegExp]>> = {
  trace_id: [/^null$/, /^null$/],
  upstream_host: [/^"203\.0\.113\.80:80"$/, /^"203\.0\.113\.132:443"$/],
  downstream_remote_address: [/^"198\.18\.0\.140:\d+"$/, /^"198\.18\.0\.75:\d+"$/],
  requested_server_name: [/^null$/, /^"edition\.cnn\.com"$/],
  response_code: [/^301$/, /^0$/],
  upstream_service_time: [/^"\d+"$/, /^null$/],
  user_agent: [/^"curl\//, /^null$/],
  path: [/^"\/"$/, /^null$/],
  route_name: [/^null$/, /^null$/],
  bytes_sent: [/^0$/, /^17798$/],
  response_flags: [/^"-"$/, /^"-"$/],
  upstream_local_address: [/^"198\.18\.0\.141:\d+"$/, /^"198\.18\.0\.33:\d+"$/],
  duration: [/^24$/, /^1644$/],
  upstream_cluster: [/^"outbound\|80\|\|aliyun\.com"$/, /^"outbound\|443\|\|edition\.cnn\.com"$/],
  upstream_transport_failure_reason: [/^null$/, /^null$/],
  authority: [/^"aliyun\.com"$/, /^null$/],
  request_id: [/^"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"$/, /^null$/],
  protocol: [/^"HTTP\/1\.1"$/, /^null$/],
  bytes_received: [/^0$/, /^589$/],
  method: [/^"HEAD"$/, /^null$/],
  downstream_local_address: [/^"198\.18\.0\.141:80"$/, /^"198\.18\.0\.33:443"$/],
  start_time: [/^"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"$/, /^"2019-01-31T13:40:11\.076Z"$/],
  istio_policy_status: [/^null$/, /^null$/],
  x_forwarded_for: [/^"198\.18\.0\.140"$/, /^null$/],
};
const OWN_KEYS = ['source_namespace', 'source_workload', 'verdict', 'reason', 'matched', 'registry'];

for (const [says, record, column] of [
  ['a request', HEAD_ALIYUN, 0],
  ['a connection', CNN, 1],
] as const) {
  test(`seed 000, ${says}: these 24 keys, in this order, each with its type; json has 6 of ours behind them`, () => {
    const asm = members(formatLine(record, 'asm'));
    assert.equal(asm.length, 24);
    assert.deepEqual(
      asm.map(([key]) => key),
      Object.keys(KEYS),
    );
    for (const [key, value] of asm) assert.match(JSON.stringify(value), KEYS[key]?.[column] ?? /never/, key);
    const json = members(formatLine(record, 'json'));
    assert.deepEqual(json.slice(0, 24), asm);
    assert.deepEqual(
      json.slice(24).map(([key]) => key),
      OWN_KEYS,
    );
  });
}

test('seed 000: the sample itself, byte for byte', () => {
  assert.equal(
    formatLine(HEAD_ALIYUN, 'asm'),
    '{"trace_id":null,"upstream_host":"203.0.113.80:80","downstream_remote_address":"198.18.0.140:47942",' +
      '"requested_server_name":null,"response_code":301,"upstream_service_time":"24","user_agent":"curl/7.86.0-DEV",' +
      '"path":"/","route_name":null,"bytes_sent":0,"response_flags":"-","upstream_local_address":"198.18.0.141:60388",' +
      '"duration":24,"upstream_cluster":"outbound|80||aliyun.com","upstream_transport_failure_reason":null,' +
      '"authority":"aliyun.com","request_id":"55789d59-9b81-4e39-b64a-66baf44e0000","protocol":"HTTP/1.1",' +
      '"bytes_received":0,"method":"HEAD","downstream_local_address":"198.18.0.141:80",' +
      '"start_time":"2022-11-30T08:03:01.315Z","istio_policy_status":null,"x_forwarded_for":"198.18.0.140"}\n',
  );
});

const IP = String.raw`\d+\.\d+\.\d+\.\d+`;
const [CLIENT, GATEWAY] = [String.raw`198\.18\.0\.75`, String.raw`198\.18\.0\.33`];

test('seed 002, HTTP: its line, with and without the local address of the upstream connection', () => {
  const line = (local: string) =>
    new RegExp(
      String.raw`^\[[^\]]+\] "GET /status/418 HTTP/1\.1" 418 - 0 135 \d+ \d+ "${CLIENT}" "curl/[^"]*" "[0-9a-f-]{36}" ` +
        String.raw`"httpbin\.org" "${IP}:80" outbound\|80\|\|httpbin\.org ${local} ${GATEWAY}:\d+ ${CLIENT}:\d+ -$`,
    );
  assert.match(textLine(TEAPOT), line('-'));
  const local = { ...TEAPOT, upstreamLocalAddress: endpoint('198.18.0.33', 40000) };
  assert.match(textLine(local), line(`${GATEWAY}:40000`));
});

test('seed 002, TLS passed through: its line', () => {
  assert.match(
    textLine(CNN),
    new RegExp(
      String.raw`^\[[^\]]+\] "- - -" 0 - \d+ \d+ \d+ - "-" "-" "-" "-" "${IP}:443" outbound\|443\|\|edition\.cnn\.com ` +
        String.raw`${GATEWAY}:\d+ ${GATEWAY}:443 ${CLIENT}:\d+ edition\.cnn\.com$`,
    ),
  );
});

test('seed 002: the samples themselves, byte for byte', () => {
  assert.equal(
    textLine(TEAPOT),
    '[2019-01-31T14:40:18.645Z] "GET /status/418 HTTP/1.1" 418 - 0 135 187 186 "198.18.0.75" "curl/7.54.0" ' +
      '"28255618-6ca5-9d91-9634-c562694a3625" "httpbin.org" "203.0.113.106:80" outbound|80||httpbin.org - ' +
      '198.18.0.33:80 198.18.0.75:52077 -',
  );
  assert.equal(
    textLine(CNN),
    '[2019-01-31T13:40:11.076Z] "- - -" 0 - 589 17798 1644 - "-" "-" "-" "-" "203.0.113.132:443" ' +
      'outbound|443||edition.cnn.com 198.18.0.33:54508 198.18.0.33:443 198.18.0.75:49467 edition.cnn.com',
  );
});

test('the same connection as Istio writes it since 1.9: details behind the flags, the route last', () => {
  assert.equal(
    formatLine({ ...CNN, responseCodeDetails: null }, 'envoy-text'),
    '[2019-01-31T13:40:11.076Z] "- - -" 0 - - - "-" 589 17798 1644 - "-" "-" "-" "-" "203.0.113.132:443" ' +
      'outbound|443||edition.cnn.com 198.18.0.33:54508 198.18.0.33:443 198.18.0.75:49467 edition.cnn.com -\n',
  );
});

/** Without its line feed, as grep and tail give it. */
function textLine(record: AccessRecord): string {
  const line = formatLine(record, 'istio-1.0');
  assert.equal(line.indexOf('\n'), line.length - 1);
  return line.slice(0, -1);
}

function members(line: string): [string, unknown][] {
  const parsed: unknown = JSON.parse(line);
  assert.ok(typeof parsed === 'object' && parsed !== null);
  return Object.entries(parsed);
}
