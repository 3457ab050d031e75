import { deepEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { parseCidr } from '../../../../../agent/model/cidr.ts';
import { parseHostPattern } from '../../../../../agent/model/hostname.ts';
import type { Grant } from '../../../../../agent/registry/model.ts';
import { readDocuments } from '../../../../../agent/sources/documents.ts';
import { serviceEntry, soundDocument } from '../marked-document.ts';

const PORT = { number: 80, name: 'http', protocol: 'http', targetPort: 80 };

function grantOf(yaml: string): Grant {
  const { contribution } = soundDocument(yaml);
  if (contribution?.kind !== 'grant') throw new Error(`no grant but ${contribution?.kind}`);
  return contribution.grant;
}

/** For specs that warn. */
function grantsIn(yaml: string): readonly Grant[] {
  return readDocuments('a.yaml', yaml).flatMap(({ contribution }) =>
    contribution?.kind === 'grant' ? [contribution.grant] : [],
  );
}

function spec(rest: string, hosts = '[a.example]'): string {
  return serviceEntry(`  hosts: ${hosts}\n  ports: [{number: 80, name: http, protocol: HTTP}]\n${rest}`);
}

for (const version of ['v1', 'v1beta1', 'v1alpha3']) {
  test(`A17: ${version}`, () => {
    const grant = grantOf(
      spec('  resolution: DNS\n  location: MESH_EXTERNAL\n').replace('istio.io/v1', `istio.io/${version}`),
    );
    deepEqual(grant, {
      ref: { kind: 'ServiceEntry', namespace: 'shop', name: 'row' },
      visibleTo: 'all',
      hosts: [{ kind: 'exact', name: 'a.example' }],
      addresses: [],
      ports: [PORT],
      reach: { kind: 'resolve' },
      createdAt: undefined,
    });
  });
}

test('the namespace is default where none is given', () => {
  deepEqual(grantOf(spec('  resolution: DNS\n').replace('  namespace: shop\n', '')).ref.namespace, 'default');
});

test('creationTimestamp in milliseconds, and null as absent', () => {
  const dated = (time: string) =>
    grantOf(spec('  resolution: DNS\n').replace('name: row', `name: row\n  creationTimestamp: ${time}`));
  deepEqual(dated('2026-01-31T12:00:00Z').createdAt, Date.UTC(2026, 0, 31, 12));
  deepEqual(dated('"2026-01-31T12:00:00+01:00"').createdAt, Date.UTC(2026, 0, 31, 11));
  deepEqual(dated('null').createdAt, undefined);
});

test('hosts are normalised', () => {
  deepEqual(grantOf(spec('', '[A.Example., "*.B.example"]')).hosts, [
    parseHostPattern('a.example'),
    parseHostPattern('*.b.example'),
  ]);
});

test('addresses, bare and ranged, of both families', () => {
  const { addresses } = grantOf(
    spec('  addresses: [198.18.0.1, 198.18.1.0/24, "2001:db8::1", "2001:db8::/32", "::ffff:198.18.0.2"]\n'),
  );
  deepEqual(addresses, ['198.18.0.1', '198.18.1.0/24', '2001:db8::1', '2001:db8::/32', '198.18.0.2'].map(parseCidr));
});

for (const [written, protocol] of [
  ['HTTP', 'http'],
  ['http2', 'http'],
  ['GRPC', 'http'],
  ['gRPC-Web', 'http'],
  ['HTTP_PROXY', 'http'],
  ['https', 'tls'],
  ['TLS', 'tls'],
  ['TCP', 'tcp'],
  ['Mongo', 'tcp'],
  ['MySQL', 'tcp'],
  ['Redis', 'tcp'],
] as const) {
  test(`protocol ${written} is matched as ${protocol}`, () => {
    const { ports } = grantOf(spec('  resolution: DNS\n').replace('protocol: HTTP}', `protocol: ${written}}`));
    deepEqual(ports, [{ ...PORT, protocol }]);
  });
}

test('a port without protocol admits what shows a name, and no opaque TCP', () => {
  const [grant] = grantsIn(spec('  resolution: DNS\n').replace(', protocol: HTTP}', '}'));
  deepEqual(grant?.ports, [PORT, { ...PORT, protocol: 'tls' }]);
});

test('a target port holds where we choose the address, and not where the client did', () => {
  const withTarget = (resolution: string) =>
    spec(`  resolution: ${resolution}\n`).replace('protocol: HTTP}', 'protocol: HTTP, targetPort: 8080}');
  deepEqual(grantsIn(withTarget('DNS'))[0]?.ports, [{ ...PORT, targetPort: 8080 }]);
  deepEqual(grantsIn(withTarget('NONE'))[0]?.ports, [PORT]);
});

test('how each resolution is reached', () => {
  const endpoint = { address: { kind: 'ip', ip: '198.18.0.1' }, ports: new Map(), weight: 1 };
  const named = { ...endpoint, address: { kind: 'name', name: 'b.example' } };
  const reach = (rest: string) => grantOf(spec(rest)).reach;
  deepEqual(reach(''), { kind: 'original' });
  deepEqual(reach('  resolution: NONE\n'), { kind: 'original' });
  deepEqual(reach('  resolution: DNS\n'), { kind: 'resolve' });
  deepEqual(reach('  resolution: DNS_ROUND_ROBIN\n'), { kind: 'resolve' });
  deepEqual(reach('  resolution: STATIC\n  endpoints: [{address: 198.18.0.1}]\n'), {
    kind: 'endpoints',
    endpoints: [endpoint],
  });
  deepEqual(reach('  resolution: DNS\n  endpoints: [{address: b.example}, {address: 198.18.0.1}]\n'), {
    kind: 'endpoints',
    endpoints: [named, endpoint],
  });
});

test('STATIC without endpoints reaches nothing', () => {
  deepEqual(grantsIn(spec('  resolution: STATIC\n'))[0]?.reach, { kind: 'endpoints', endpoints: [] });
});

test('a wildcard goes with endpoints of DNS', () => {
  deepEqual(grantOf(spec('  resolution: DNS\n  endpoints: [{address: b.example}]\n', '["*.a.example"]')).hosts, [
    parseHostPattern('*.a.example'),
  ]);
});

test('several hosts on a TCP port are sound with NONE, where addresses tell', () => {
  const yaml = spec('  addresses: [198.18.0.0/24]\n', '[a.example, b.example]').replace(
    'protocol: HTTP}',
    'protocol: TCP}',
  );
  deepEqual(grantOf(yaml).ports, [{ ...PORT, protocol: 'tcp' }]);
});

test('ports and weight of an endpoint; weight 0 is no weight', () => {
  const { reach } = grantOf(
    spec(
      '  resolution: STATIC\n  endpoints:\n  - {address: 198.18.0.1, ports: {http: 8080}, weight: 3, labels: {a: b}, locality: x/y}\n  - {address: "2001:db8::1", weight: 0, network: n1}\n',
    ),
  );
  deepEqual(reach, {
    kind: 'endpoints',
    endpoints: [
      { address: { kind: 'ip', ip: '198.18.0.1' }, ports: new Map([['http', 8080]]), weight: 3 },
      { address: { kind: 'ip', ip: '2001:db8::1' }, ports: new Map(), weight: 1 },
    ],
  });
});

test('B14: an endpoint at 127.0.0.1 without ports has none of its own, so the service port counts', () => {
  const [grant] = grantsIn(spec('  resolution: STATIC\n  endpoints: [{address: 127.0.0.1}]\n'));
  deepEqual(grant?.ports, [PORT]);
  deepEqual(grant?.reach, {
    kind: 'endpoints',
    endpoints: [{ address: { kind: 'ip', ip: '127.0.0.1' }, ports: new Map(), weight: 1 }],
  });
});

test('who sees it', () => {
  const visibleTo = (exportTo: string) => grantOf(spec(`  resolution: DNS\n  exportTo: ${exportTo}\n`)).visibleTo;
  deepEqual(visibleTo('[]'), 'all');
  deepEqual(visibleTo('["*"]'), 'all');
  deepEqual(visibleTo('["."]'), new Set(['shop']));
  deepEqual(visibleTo('[".", web, batch]'), new Set(['shop', 'web', 'batch']));
});

test('export_to narrows as exportTo does', () => {
  deepEqual(grantsIn(spec('  resolution: DNS\n  export_to: ["."]\n'))[0]?.visibleTo, new Set(['shop']));
});

for (const [says, yaml] of [
  ['exported to nobody', spec('  resolution: DNS\n  exportTo: ["~"]\n')],
  ['without ports', serviceEntry('  hosts: [a.example]\n  resolution: DNS\n')],
  ['with an empty list of ports', serviceEntry('  hosts: [a.example]\n  resolution: DNS\n  ports: []\n')],
] as const) {
  test(`a ServiceEntry ${says} grants nothing`, () => {
    deepEqual(
      readDocuments('a.yaml', yaml).map(({ contribution }) => contribution),
      [{ kind: 'nothing' }],
    );
  });
}

test('MESH_INTERNAL and subjectAltNames are understood', () => {
  deepEqual(grantOf(spec('  resolution: DNS\n  location: MESH_INTERNAL\n  subjectAltNames: [spiffe://a/b]\n')).ports, [
    PORT,
  ]);
});
