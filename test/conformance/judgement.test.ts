/** The judgement itself: what is not as expected is told, in each of its parts. */
import { deepEqual, equal, match } from 'node:assert/strict';
import { describe, test } from 'node:test';
import { lineAnswer } from '../support/conformance/expected.ts';
import { judgeClient, judgeLine } from '../support/conformance/judge.ts';
import { lineOf } from '../support/conformance/line.ts';
import type { Performed } from '../support/conformance/perform.ts';
import { type Caller, filled, filledPattern } from '../support/conformance/places.ts';
import type { AtHop, Expected } from '../support/conformance/schema.ts';

const CALLER: Caller = {
  world: {
    workloads: { sleep: 'default/sleep' },
    gateways: { gw: { name: 'istio-system/egress-0', labels: {}, args: [] } },
    origins: {},
  },
  from: 'default/sleep',
  of: 'v6',
};

const PERFORMED: Performed = {
  ended: 0,
  stdout: 'HTTP/1.1 200 OK\r\nserver: weir\r\n\r\nbody',
  stderr: '* told',
  client: '[fd00:1::2]:4711',
  seen: [
    {
      origin: 'E2',
      peer: '[fd00:2::2]:1',
      local: '[2001:db8:ee::12]:80',
      at: 0,
      firstBytes: '',
      tls: false,
      sni: undefined,
      alpn: undefined,
      requests: [{ method: 'GET', path: '/x', authority: 'aliyun.com', version: '1.1', headers: {} }],
      end: 'fin',
      received: 0,
      sent: 0,
    },
  ],
  told: '',
};

const EXPECTED: Expected = {
  exit: 0,
  status: 200,
  headers: { server: 'weir' },
  body: 'body',
  body_bytes: 4,
  stdout: ['^HTTP'],
  stderr: ['told'],
  reached: [{ origin: 'aliyun.com', from: 'gw', port: 80, requests: ['GET aliyun.com /x'] }],
  never: ['other.test'],
  mesh: 'none',
  gateway: 'none',
};

describe('the client', () => {
  const [reached] = EXPECTED.reached;
  test('as expected', () => deepEqual(judgeClient(PERFORMED, EXPECTED, CALLER), []));
  test('one of several origins', () => {
    const several = EXPECTED.reached.map((each) => ({ ...each, origin: ['github.com', 'aliyun.com'] }));
    deepEqual(judgeClient(PERFORMED, { ...EXPECTED, reached: several }, CALLER), []);
  });

  const wrong: readonly Partial<Expected>[] = [
    { exit: [7, 35] },
    { end: ['fin'] },
    { status: 301 },
    { headers: { server: 'envoy' } },
    { headers: { 'x-none': 'x' } },
    { body: { matches: '^other' } },
    { body_bytes: 5 },
    { stdout: ['404'] },
    { stderr: ['told \\{'] },
    { reached: [] },
    { never: ['aliyun.com'] },
    ...(reached
      ? [
          { reached: [reached, reached] },
          { reached: [{ ...reached, origin: 'other.test' }] },
          { never: [], reached: [{ ...reached, origin: ['other.test', 'github.com'] }] },
          { reached: [{ ...reached, from: 'node' }] },
          { reached: [{ ...reached, port: 443 }] },
          { reached: [{ ...reached, sni: 'aliyun.com' }] },
          { reached: [{ ...reached, requests: ['GET aliyun.com /'] }] },
        ]
      : []),
  ];
  for (const change of wrong) {
    test(`not as expected: ${JSON.stringify(change)}`, () => {
      equal(judgeClient(PERFORMED, { ...EXPECTED, ...change }, CALLER).length, 1);
    });
  }
});

const LINE = {
  response_code: 503,
  upstream_host: '[fd00:2::2]:80',
  x_forwarded_for: 'fd00:1::2',
  downstream_remote_address: '[fd00:1::2]:4711',
  route_name: null,
  upstream_cluster: 'outbound|80||gw.ns.svc.cluster.local',
  verdict: 'allow',
  reason: 'dial-refused',
  matched: ['ServiceEntry default/a'],
};
const AT_HOP: AtHop = {
  verdict: 'allow',
  reason: 'granted',
  failure: 'dial-refused',
  matched: ['ServiceEntry default/a'],
  keys: Object.keys(LINE).join(' '),
  line: {
    response_code: 503,
    upstream_host: { endpoint: 'gw', port: 80 },
    x_forwarded_for: { ip: 'client' },
    downstream_remote_address: { endpoint: 'client' },
    route_name: null,
  },
};

describe('the line', () => {
  const judge = (expected: AtHop) => judgeLine('', JSON.stringify(LINE), expected, CALLER);

  test('as expected', async () => deepEqual(await judge(AT_HOP), []));

  const wrong: readonly Partial<AtHop>[] = [
    { verdict: 'deny' },
    { failure: undefined },
    { matched: [] },
    { keys: 'verdict' },
    { text: '^x' },
    { line: { response_code: 200 } },
    { line: { response_code: { is: 'string' } } },
    { line: { upstream_host: { endpoint: 'gw', port: 81 } } },
    { line: { upstream_host: { endpoint: 'node' } } },
    { line: { x_forwarded_for: { ip: 'gw' } } },
    { line: { route_name: 'x' } },
    { line: { path: null } },
  ];
  for (const change of wrong) {
    test(`not as expected: ${JSON.stringify(change)}`, async () => {
      equal((await judge({ ...AT_HOP, ...change })).length, 1);
    });
  }

  test('what it says in the terms of explain', () => {
    const { matched } = LINE;
    const allowed = { verdict: 'allow', reason: 'granted', matched, via: 'gateway', status: null };
    deepEqual(lineAnswer(LINE, AT_HOP), allowed);
    const refused = { ...LINE, verdict: 'deny', reason: 'not-listed', response_code: 502 };
    deepEqual(lineAnswer(refused, AT_HOP), { verdict: 'deny', reason: 'not-listed', matched, via: null, status: 502 });
    deepEqual(lineAnswer({ ...refused, response_code: 0 }, AT_HOP).status, null);
    deepEqual(lineAnswer({ ...LINE, upstream_cluster: 'outbound|80||aliyun.com' }, AT_HOP).via, 'direct');
  });

  test('a line of a text format tells code and cluster', () => {
    const istio = '[T] "GET / HTTP/1.1" 503 UF 0 9 1 - "ip" "curl/7" "id" "a.test" "-" BlackHoleCluster - a:80 b:1 -';
    for (const text of [istio, `${istio} route`]) {
      deepEqual(lineOf(text), { response_code: 503, upstream_cluster: 'BlackHoleCluster' });
    }
  });
});

test('places in commands and patterns', () => {
  equal(filled('{gw} {gw ip} {client}', CALLER), '[fd00:2::2] fd00:2::2 [fd00:1::2]');
  equal(filled('{gw}', { ...CALLER, of: 'v4' }), '198.18.2.2');
  match('198.18.2.2', filledPattern('^{gw any}$', CALLER));
  match('[fd00:2::2]', filledPattern('^{gw}$', CALLER));
});
