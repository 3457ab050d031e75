import { type Row, serviceEntry, testRows } from '../marked-document.ts';

// Each field by itself: type, range, form. Paths and positions are those that a person sees.

const HEAD = '  hosts: [a.example]\n  resolution: DNS\n';
const PORTS = '  ports:\n  - number: 80\n    name: http\n    protocol: HTTP\n';

/** A spec that is sound but for this line. */
function withLine(says: string, line: string, path: string, message: RegExp): Row {
  return { says, yaml: serviceEntry(`${HEAD}${PORTS}${line}\n`), path, message };
}

function withHosts(says: string, hosts: string, path: string, message: RegExp): Row {
  return { says, yaml: serviceEntry(`  hosts:${hosts}\n${PORTS}  resolution: NONE\n`), path, message };
}

function withPort(says: string, port: string, path: string, message: RegExp): Row {
  return { says, yaml: serviceEntry(`${HEAD}  ports:\n${port}\n`), path, message };
}

function withEndpoint(says: string, endpoint: string, path: string, message: RegExp): Row {
  return withLine(says, `  endpoints:\n${endpoint}`, path, message);
}

testRows([
  {
    says: 'no spec',
    yaml: '▶apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {name: row}\n',
    path: 'spec',
    message: /missing; expected the spec/,
  },
  {
    says: 'spec is text',
    yaml: 'apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {name: row}\nspec: ▶all\n',
    path: 'spec',
    message: /mapping.*found the text "all"/,
  },
  {
    says: 'spec is a list',
    yaml: 'apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {name: row}\n▶spec:\n- a\n',
    path: 'spec',
    message: /found a list of 1/,
  },
  {
    says: 'no hosts',
    yaml: `apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {name: row}\n▶spec:\n${PORTS}`,
    path: 'spec.hosts',
    message: /missing; expected a list of 1 to 256 host names/,
  },
  withHosts('no host in the list', ' ▶[]', 'spec.hosts', /1 to 256.*found a list of 0/),
  withHosts('hosts is text', ' ▶a.example', 'spec.hosts', /expected a list.*found the text "a.example"/),
  { says: 'hosts is nothing', yaml: serviceEntry(`  ▶hosts:\n${PORTS}`), path: 'spec.hosts', message: /found nothing/ },
  {
    says: 'more than 256 hosts',
    yaml: serviceEntry(`  ▶hosts:\n${Array.from({ length: 257 }, (_, at) => `  - h${at}.example\n`).join('')}${PORTS}`),
    path: 'spec.hosts',
    message: /found a list of 257/,
  },
  withHosts('A34: every host', '\n  - ▶"*"', 'spec.hosts[0]', /every host is not allowed/),
  withHosts('the second of two hosts', '\n  - a.example\n  - ▶-b.example', 'spec.hosts[1]', /expected a DNS name/),
  withHosts('a wildcard inside', '\n  - ▶"a.*.example"', 'spec.hosts[0]', /whole first label/),
  withHosts('a wildcard in a label', '\n  - ▶"*foo.example"', 'spec.hosts[0]', /whole first label/),
  withHosts('a wildcard for a wildcard', '\n  - ▶"*.*.example"', 'spec.hosts[0]', /whole first label/),
  withHosts('a URL', '\n  - ▶https://a.example', 'spec.hosts[0]', /without the scheme/),
  withHosts('a port', '\n  - ▶a.example:443', 'spec.hosts[0]', /spec\.ports/),
  withHosts('an IPv4 address', '\n  - ▶198.18.0.1', 'spec.hosts[0]', /spec\.addresses/),
  withHosts('an IPv6 address', '\n  - ▶"2001:db8::1"', 'spec.hosts[0]', /spec\.addresses/),
  withHosts('a range', '\n  - ▶198.18.0.0/15', 'spec.hosts[0]', /spec\.addresses/),
  withHosts('not ASCII', '\n  - ▶bücher.example', 'spec.hosts[0]', /xn--/),
  withHosts('a number', '\n  - ▶80', 'spec.hosts[0]', /text\), found the number 80/),
  withHosts('a mapping', '\n  - ▶name: a.example', 'spec.hosts[0]', /found a mapping/),
  withHosts('a name of 254 characters', `\n  - ▶${'a.'.repeat(127)}a`, 'spec.hosts[0]', /expected a DNS name/),
  withHosts('an empty name', '\n  - ▶""', 'spec.hosts[0]', /found the text ""/),
  withHosts('a blank', '\n  - ▶"a example"', 'spec.hosts[0]', /expected a DNS name/),

  withLine('addresses is text', '  addresses: ▶198.18.0.1', 'spec.addresses', /list of at most 256/),
  withLine('addresses is nothing', '  ▶addresses:', 'spec.addresses', /found nothing/),
  withLine('a name among the addresses', '  addresses:\n  - ▶a.example', 'spec.addresses[0]', /spec\.hosts/),
  withLine(
    'an octet above 255',
    '  addresses: [198.18.0.1, ▶198.18.0.256]',
    'spec.addresses[1]',
    /IP address or a CIDR/,
  ),
  withLine('a prefix that is too long', '  addresses: [▶198.18.0.0/33]', 'spec.addresses[0]', /CIDR/),
  withLine('a zone', '  addresses: [▶"fe80::1%eth0"]', 'spec.addresses[0]', /CIDR/),
  withLine('a number for an address', '  addresses: [▶1.5]', 'spec.addresses[0]', /found the number 1.5/),

  withLine('an unknown location', '  location: ▶MESH_EXTERN', 'spec.location', /did you mean "MESH_EXTERNAL"/),
  withLine('a location of protobuf', '  location: ▶1', 'spec.location', /MESH_INTERNAL.*found the number 1/),
  {
    says: 'an unknown resolution',
    yaml: serviceEntry(`  hosts: [a.example]\n${PORTS}  resolution: ▶dns\n`),
    path: 'spec.resolution',
    message: /did you mean "DNS"/,
  },
  {
    says: 'a resolution far from any',
    yaml: serviceEntry(`  hosts: [a.example]\n${PORTS}  resolution: ▶PASSTHROUGH\n`),
    path: 'spec.resolution',
    message: /expected NONE, STATIC, DNS or DNS_ROUND_ROBIN, found the text "PASSTHROUGH"$/,
  },
  withLine('exportTo is text', '  exportTo: ▶"."', 'spec.exportTo', /expected a list/),
  withLine('exportTo is nothing', '  ▶exportTo:', 'spec.exportTo', /found nothing/),
  withLine('exportTo is no namespace', '  exportTo: [▶Shop]', 'spec.exportTo[0]', /a namespace/),
  withLine('exportTo of a pattern', '  exportTo:\n  - ▶shop-*', 'spec.exportTo[0]', /a namespace/),
  withLine('subjectAltNames of numbers', '  subjectAltNames: [▶1]', 'spec.subjectAltNames[0]', /alternative name/),
  withLine('a selector of text', '  workloadSelector: ▶app', 'spec.workloadSelector', /mapping/),

  {
    says: 'ports is a mapping',
    yaml: serviceEntry(`${HEAD}  ▶ports:\n    number: 80\n`),
    path: 'spec.ports',
    message: /list of at most 256 ports, found a mapping/,
  },
  withPort(
    'A34: port 0',
    '  - number: ▶0\n    name: http\n    protocol: HTTP',
    'spec.ports[0].number',
    /1 to 65535\), found the number 0/,
  ),
  withPort(
    'a port above the last',
    '  - number: ▶65536\n    name: http\n    protocol: HTTP',
    'spec.ports[0].number',
    /1 to 65535/,
  ),
  withPort(
    'a port below zero',
    '  - number: ▶-1\n    name: http\n    protocol: HTTP',
    'spec.ports[0].number',
    /1 to 65535/,
  ),
  withPort(
    'half a port',
    '  - number: ▶80.5\n    name: http\n    protocol: HTTP',
    'spec.ports[0].number',
    /found the number 80.5/,
  ),
  withPort(
    'a port as text',
    '  - number: ▶"80"\n    name: http\n    protocol: HTTP',
    'spec.ports[0].number',
    /found the text "80"/,
  ),
  withPort(
    'a port that is true',
    '  - number: ▶true\n    name: http\n    protocol: HTTP',
    'spec.ports[0].number',
    /found the boolean true/,
  ),
  withPort(
    'a port without number',
    '  - ▶name: http\n    protocol: HTTP',
    'spec.ports[0].number',
    /missing; expected the port/,
  ),
  withPort(
    'a port without name',
    '  - ▶number: 80\n    protocol: HTTP',
    'spec.ports[0].name',
    /missing; expected the name of a port/,
  ),
  withPort(
    'a name with capitals',
    '  - number: 80\n    name: ▶HTTP\n    protocol: HTTP',
    'spec.ports[0].name',
    /lower-case/,
  ),
  withPort(
    'a name of 64 characters',
    `  - number: 80\n    name: ▶${'a'.repeat(64)}\n    protocol: HTTP`,
    'spec.ports[0].name',
    /63/,
  ),
  withPort(
    'a misspelt protocol',
    '  - number: 80\n    name: http\n    protocol: ▶HTPT',
    'spec.ports[0].protocol',
    /did you mean "HTTP"/,
  ),
  withPort(
    'a protocol that nobody knows',
    '  - number: 80\n    name: http\n    protocol: ▶SCTP-over-pigeon',
    'spec.ports[0].protocol',
    /expected a protocol \(HTTP, HTTP2.*REDIS\), found/,
  ),
  withPort(
    'UDP',
    '  - number: 53\n    name: dns\n    protocol: ▶udp',
    'spec.ports[0].protocol',
    /only TCP is captured/,
  ),
  withPort(
    'protocol is nothing',
    '  - number: 80\n    name: http\n    ▶protocol:',
    'spec.ports[0].protocol',
    /found nothing/,
  ),
  withPort(
    'a target port that is none',
    '  - number: 80\n    name: http\n    protocol: HTTP\n    targetPort: ▶70000',
    'spec.ports[0].targetPort',
    /1 to 65535/,
  ),
  withPort('a port that is a number', '  - ▶80', 'spec.ports[0]', /expected a port with number.*found the number 80/),

  withEndpoint(
    'an endpoint that is text',
    '  - ▶198.18.0.1',
    'spec.endpoints[0]',
    /expected an endpoint \(a mapping\)/,
  ),
  withEndpoint(
    'an address that is none',
    '  - address: ▶198.18.0.1:80',
    'spec.endpoints[0].address',
    /IP address or a DNS name/,
  ),
  withEndpoint(
    'a socket',
    '  - address: ▶unix:///var/run/x.sock',
    'spec.endpoints[0].address',
    /UNIX socket is not supported/,
  ),
  withEndpoint(
    'a port of an endpoint as text',
    '  - address: a.example\n    ports:\n      http: ▶"8080"',
    'spec.endpoints[0].ports.http',
    /found the text "8080"/,
  ),
  withEndpoint(
    'a list of ports',
    '  - address: a.example\n    ports: ▶[8080]',
    'spec.endpoints[0].ports',
    /mapping\), found a list/,
  ),
  withEndpoint('half a weight', '  - address: a.example\n    weight: ▶0.5', 'spec.endpoints[0].weight', /whole number/),
  withEndpoint(
    'a weight below zero',
    '  - address: a.example\n    weight: ▶-1',
    'spec.endpoints[0].weight',
    /whole number/,
  ),
  withEndpoint(
    'a weight above uint32',
    '  - address: a.example\n    weight: ▶4294967296',
    'spec.endpoints[0].weight',
    /4294967295/,
  ),
  withEndpoint(
    'labels that are numbers',
    '  - address: a.example\n    labels: {version: ▶1}',
    'spec.endpoints[0].labels.version',
    /label \(text\), found the number 1/,
  ),
]);
