import { deepEqual, equal } from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Evidence } from '../../../../agent/model/evidence.ts';
import type { Attribute } from '../../../../agent/model/verdict.ts';
import type { Source } from '../../../../agent/model/workload.ts';
import { askedRequest, httpMatches, standsFor, tcpMatches, tlsMatches } from '../../../../agent/registry/match.ts';
import type { HttpMatch } from '../../../../agent/registry/route-table.ts';
import { hostname, http, ip, port, request, workload } from './builders.ts';
import { OUTSIDE, podOf, tableOf, to, UNKNOWN } from './resources.ts';

/** A match as it is written in a VirtualService for every host. */
function matchOf(written: object): HttpMatch {
  const gateways = ['egress-gw', 'other-gw'];
  const { http: routes } = tableOf({ hosts: ['*'], gateways, http: [{ match: [written], route: [to('a.test')] }] });
  const match = routes[0]?.matches[0];
  if (!match) throw new TypeError('the test itself is wrong: no match');
  return match;
}

function matches(written: object, evidence: Evidence, looked = new Set<Attribute>()): boolean {
  if (evidence.kind !== 'http') throw new TypeError('the test itself is wrong: no request');
  return httpMatches(matchOf(written), askedRequest(evidence.request), looked);
}

type HttpRow = { readonly says: string; readonly match: object; readonly asks: Evidence; readonly want: boolean };

const GET = request(
  'GET api.test/get?user=jason&user=second&empty=&plus=a+b%21',
  'x-user: jason',
  'x-tag: a',
  'x-tag: b',
);

const rows: readonly HttpRow[] = [
  { says: 'nothing asked for takes everything', match: {}, asks: GET, want: true },
  { says: 'exact path, whatever its query', match: { uri: { exact: '/get' } }, asks: GET, want: true },
  { says: 'exact path, in other case', match: { uri: { exact: '/GET' } }, asks: GET, want: false },
  { says: 'in other case, ignored', match: { uri: { exact: '/GET' }, ignoreUriCase: true }, asks: GET, want: true },
  { says: 'a prefix', match: { uri: { prefix: '/g' } }, asks: GET, want: true },
  { says: 'a prefix that it is shorter than', match: { uri: { prefix: '/get/' } }, asks: GET, want: false },
  {
    says: 'a prefix in other case, ignored',
    match: { uri: { prefix: '/G' }, ignoreUriCase: true },
    asks: GET,
    want: true,
  },
  { says: 'a regex of the whole path', match: { uri: { regex: '/g.t' } }, asks: GET, want: true },
  { says: 'a regex of a part is none', match: { uri: { regex: '/g' } }, asks: GET, want: false },
  {
    says: 'a regex in other case, ignored',
    match: { uri: { regex: '/G.T' }, ignoreUriCase: true },
    asks: GET,
    want: true,
  },
  { says: 'the method', match: { method: { exact: 'GET' } }, asks: GET, want: true },
  { says: 'the method has case', match: { method: { exact: 'get' } }, asks: GET, want: false },
  { says: 'a regex of methods', match: { method: { regex: 'GET|HEAD' } }, asks: GET, want: true },
  { says: 'the Host', match: { authority: { exact: 'API.test' } }, asks: GET, want: true },
  { says: 'the beginning of the Host', match: { authority: { prefix: 'api.' } }, asks: GET, want: true },
  { says: 'another Host', match: { authority: { exact: 'b.test' } }, asks: GET, want: false },
  { says: 'a Host port that was not sent', match: { authority: { exact: 'api.test:80' } }, asks: GET, want: false },
  {
    says: 'a Host port that was sent',
    match: { authority: { exact: 'api.test:80' } },
    asks: http('api.test:80'),
    want: true,
  },
  {
    says: 'a Host that is an address',
    match: { authority: { exact: '192.0.2.1' } },
    asks: http('192.0.2.1'),
    want: true,
  },
  {
    says: 'one of IPv6, in brackets',
    match: { authority: { exact: '[2001:db8::1]:81' } },
    asks: http('[2001:db8::1]:81'),
    want: true,
  },
  { says: 'no Host is not any Host', match: { authority: { regex: '.+' } }, asks: http(undefined), want: false },
  { says: 'scheme http', match: { scheme: { exact: 'http' } }, asks: GET, want: true },
  { says: 'scheme https is never seen', match: { scheme: { exact: 'https' } }, asks: GET, want: false },
  { says: 'a header that is there', match: { headers: { 'X-User': {} } }, asks: GET, want: true },
  { says: 'a header that is not', match: { headers: { 'x-none': {} } }, asks: GET, want: false },
  { says: 'its value', match: { headers: { 'x-user': { exact: 'jason' } } }, asks: GET, want: true },
  { says: 'its value has case', match: { headers: { 'x-user': { exact: 'Jason' } } }, asks: GET, want: false },
  {
    says: 'a header that was sent twice is one',
    match: { headers: { 'x-tag': { exact: 'a,b' } } },
    asks: GET,
    want: true,
  },
  { says: 'not its first part', match: { headers: { 'x-tag': { exact: 'a' } } }, asks: GET, want: false },
  {
    says: 'all headers that are asked for',
    match: { headers: { 'x-user': {}, 'x-none': {} } },
    asks: GET,
    want: false,
  },
  { says: 'without a header', match: { withoutHeaders: { 'x-none': {} } }, asks: GET, want: true },
  { says: 'without one that is there', match: { withoutHeaders: { 'x-user': {} } }, asks: GET, want: false },
  { says: 'without that value', match: { withoutHeaders: { 'x-user': { exact: 'eve' } } }, asks: GET, want: true },
  {
    says: 'without any of them',
    match: { withoutHeaders: { 'x-none': {}, 'x-user': {} } },
    asks: GET,
    want: false,
  },
  { says: 'a parameter that is there', match: { queryParams: { empty: {} } }, asks: GET, want: true },
  { says: 'a parameter that is not', match: { queryParams: { none: {} } }, asks: GET, want: false },
  { says: 'its first value', match: { queryParams: { user: { exact: 'jason' } } }, asks: GET, want: true },
  { says: 'not its second', match: { queryParams: { user: { exact: 'second' } } }, asks: GET, want: false },
  { says: 'its value decoded', match: { queryParams: { plus: { exact: 'a b!' } } }, asks: GET, want: true },
  { says: 'parameters have case', match: { queryParams: { USER: {} } }, asks: GET, want: false },
  {
    says: 'all conditions together',
    match: { uri: { prefix: '/' }, method: { exact: 'GET' }, headers: { 'x-user': {} } },
    asks: GET,
    want: true,
  },
  {
    says: 'one of all that fails',
    match: { uri: { prefix: '/' }, method: { exact: 'PUT' }, headers: { 'x-user': {} } },
    asks: GET,
    want: false,
  },
];

describe('which requests a match takes', () => {
  for (const { says, match, asks, want } of rows) test(says, () => equal(matches(match, asks), want));
});

const lookings: readonly (readonly [says: string, match: object, looked: readonly Attribute[]])[] = [
  ['nothing', {}, []],
  ['the path', { uri: { exact: '/get' } }, ['http-path']],
  ['the path, and no further if it is another', { uri: { exact: '/x' }, method: { exact: 'GET' } }, ['http-path']],
  ['path and method', { uri: { exact: '/get' }, method: { exact: 'GET' } }, ['http-path', 'http-method']],
  ['the Host', { authority: { exact: 'b.test' } }, ['http-host']],
  ['the scheme is always the same', { scheme: { exact: 'https' } }, []],
  ['headers', { headers: { 'x-none': {} } }, ['http-headers']],
  ['headers that must not be there', { withoutHeaders: { 'x-none': {} } }, ['http-headers']],
  ['parameters are of the target', { queryParams: { user: {} } }, ['http-path']],
];

describe('what a match looks at', () => {
  for (const [says, match, want] of lookings) {
    test(says, () => {
      const looked = new Set<Attribute>();
      matches(match, GET, looked);
      deepEqual([...looked], want);
    });
  }
});

const unlabelled: Source = { kind: 'workload', workload: { ...workload('shop'), labels: undefined } };

const standings: readonly {
  readonly says: string;
  readonly match: object;
  readonly source?: Source;
  readonly at?: number;
  readonly want: boolean | 'unknown';
}[] = [
  { says: 'at any port', match: {}, want: true },
  { says: 'at its port', match: { port: 80 }, want: true },
  { says: 'at another', match: { port: 80 }, at: 8080, want: false },
  { says: 'at its gateway', match: { gateways: ['egress-gw'] }, want: true },
  { says: 'at another of the table', match: { gateways: ['other-gw'] }, want: false },
  { says: 'from its namespace', match: { sourceNamespace: 'shop' }, want: true },
  { says: 'from another', match: { sourceNamespace: 'bank' }, want: false },
  { says: 'from outside there is no namespace', match: { sourceNamespace: 'shop' }, source: OUTSIDE, want: false },
  { says: 'from nobody knows where there is none', match: { sourceNamespace: 'shop' }, source: UNKNOWN, want: false },
  { says: 'from anywhere', match: {}, source: OUTSIDE, want: true },
  {
    says: 'all its labels',
    match: { sourceLabels: { app: 'web', tier: 'front' } },
    source: podOf('shop', { app: 'web', tier: 'front', more: 'x' }),
    want: true,
  },
  {
    says: 'one of its labels',
    match: { sourceLabels: { app: 'web', tier: 'front' } },
    source: podOf('shop', { app: 'web' }),
    want: false,
  },
  {
    says: 'another value',
    match: { sourceLabels: { app: 'web' } },
    source: podOf('shop', { app: 'api' }),
    want: false,
  },
  { says: 'labels that nobody told', match: { sourceLabels: { app: 'web' } }, source: unlabelled, want: 'unknown' },
  { says: 'a label named as what every object has', match: { sourceLabels: { toString: 'x' } }, want: false },
];

describe('whether a match is for such a flow', () => {
  for (const { says, match, source = podOf('shop'), at = 80, want } of standings) {
    test(says, () => {
      equal(standsFor(matchOf(match).source, { gateway: 'shop/egress-gw', port: port(at), source }), want);
    });
  }
});

function tlsMatchOf(match: object) {
  const { tls } = tableOf({ hosts: ['*'], gateways: ['egress-gw'], tls: [{ match: [match], route: [to('a.test')] }] });
  const found = tls[0]?.matches[0];
  if (!found) throw new TypeError('the test itself is wrong: no match');
  return found;
}

const WITHIN = { destinationSubnets: ['203.0.113.0/24', '2001:db8::/32'] };

const flows: readonly {
  readonly says: string;
  readonly match: object;
  readonly sni?: string;
  readonly ip?: string;
  readonly want: boolean;
}[] = [
  { says: 'its name', match: { sniHosts: ['a.test'] }, sni: 'a.test', want: true },
  { says: 'one of its names', match: { sniHosts: ['b.test', 'a.test'] }, sni: 'a.test', want: true },
  { says: 'a name below', match: { sniHosts: ['*.a.test'] }, sni: 'x.a.test', want: true },
  { says: 'not the name itself', match: { sniHosts: ['*.a.test'] }, sni: 'a.test', want: false },
  { says: 'another name', match: { sniHosts: ['a.test'] }, sni: 'b.test', want: false },
  { says: 'no name', match: { sniHosts: ['a.test'] }, want: false },
  { says: 'any name', match: { sniHosts: ['*'] }, sni: 'b.test', want: true },
  { says: 'none at all is any, too', match: { sniHosts: ['*'] }, want: true },
  { says: 'within its subnets', match: { sniHosts: ['*'], ...WITHIN }, ip: '203.0.113.9', want: true },
  { says: 'of IPv6', match: { sniHosts: ['*'], ...WITHIN }, ip: '2001:db8::9', want: true },
  { says: 'outside of them', match: { sniHosts: ['*'], ...WITHIN }, ip: '198.18.0.1', want: false },
  { says: 'nobody knows which address', match: { sniHosts: ['*'], ...WITHIN }, want: false },
  {
    says: 'its name outside of them',
    match: { sniHosts: ['a.test'], ...WITHIN },
    sni: 'a.test',
    ip: '198.18.0.1',
    want: false,
  },
];

describe('which TLS and TCP a match takes', () => {
  for (const { says, match, sni, ip: address, want } of flows) {
    test(says, () => {
      const dialled = address === undefined ? undefined : ip(address);
      const asked = tlsMatchOf(match);
      equal(tlsMatches(asked, sni === undefined ? undefined : hostname(sni), dialled), want);
      if (asked.sniHosts.includes('any')) equal(tcpMatches(asked, dialled), want, 'TCP looks at the address alone');
    });
  }
});
