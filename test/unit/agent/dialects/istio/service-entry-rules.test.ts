import { type Row, serviceEntry, testRows } from '../marked-document.ts';

// Rules between fields: Istio's CEL rules and what istiod refuses, then what is worth a warning.

const HTTP = '  ports:\n  - number: 80\n    name: http\n    protocol: HTTP\n';
const TCP = '  ports:\n  - number: 80\n    name: tcp\n    protocol: TCP\n';
const HOST = '  hosts: [a.example]\n';

function bad(says: string, spec: string, path: string, message: RegExp): Row {
  return { says, yaml: serviceEntry(spec), path, message };
}

function doubtful(says: string, spec: string, path: string, message: RegExp): Row {
  return { ...bad(says, spec, path, message), severity: 'warning' };
}

testRows([
  bad(
    'DYNAMIC_DNS',
    `  hosts: ["*.a.example"]\n${HTTP}  resolution: ▶DYNAMIC_DNS\n`,
    'spec.resolution',
    /not supported yet/,
  ),
  bad(
    'a workload selector',
    `${HOST}${HTTP}  resolution: STATIC\n  ▶workloadSelector:\n    labels: {app: a}\n`,
    'spec.workloadSelector',
    /not supported yet/,
  ),
  bad(
    'a workload selector and endpoints',
    `${HOST}${HTTP}  resolution: STATIC\n  ▶workloadSelector: {}\n  endpoints:\n  - address: 198.18.0.1\n`,
    'spec.workloadSelector',
    /excludes endpoints/,
  ),

  bad(
    'A34: a number twice',
    `${HOST}  resolution: DNS\n  ports:\n  - {number: 80, name: a, protocol: HTTP}\n  - {number: ▶80, name: b, protocol: HTTP}\n`,
    'spec.ports[1].number',
    /ports\[0\]/,
  ),
  bad(
    'a name twice',
    `${HOST}  resolution: DNS\n  ports:\n  - {number: 80, name: a, protocol: HTTP}\n  - {number: 81, name: ▶a, protocol: HTTP}\n`,
    'spec.ports[1].name',
    /ports\[0\]/,
  ),
  bad(
    'the same number at the third',
    `${HOST}  resolution: DNS\n  ports:\n  - {number: 80, name: a, protocol: HTTP}\n  - {number: 81, name: b, protocol: HTTP}\n  - {number: ▶81, name: c, protocol: HTTP}\n`,
    'spec.ports[2].number',
    /ports\[1\]/,
  ),

  bad(
    'A34: endpoints with NONE',
    `${HOST}${HTTP}  resolution: NONE\n  ▶endpoints:\n  - address: 198.18.0.1\n`,
    'spec.endpoints',
    /not allowed with resolution NONE/,
  ),
  bad(
    'endpoints without resolution',
    `${HOST}${HTTP}  ▶endpoints:\n  - address: 198.18.0.1\n`,
    'spec.endpoints',
    /the default/,
  ),
  bad(
    'a range with DNS',
    `${HOST}${HTTP}  resolution: DNS\n  addresses: [198.18.0.1, ▶198.18.1.0/24]\n`,
    'spec.addresses[1]',
    /CIDR is allowed only with resolution NONE or STATIC/,
  ),
  bad(
    'a range with DNS_ROUND_ROBIN',
    `${HOST}${HTTP}  resolution: DNS_ROUND_ROBIN\n  addresses: ["▶2001:db8::/32"]\n`.replace('"▶', '▶"'),
    'spec.addresses[0]',
    /not DNS_ROUND_ROBIN/,
  ),
  bad(
    'two endpoints with DNS_ROUND_ROBIN',
    `${HOST}${HTTP}  resolution: DNS_ROUND_ROBIN\n  ▶endpoints:\n  - address: b.example\n  - address: c.example\n`,
    'spec.endpoints',
    /at most one endpoint, found 2/,
  ),
  bad(
    'a wildcard with DNS and no endpoints',
    `  hosts: [a.example, ▶"*.b.example"]\n${HTTP}  resolution: DNS\n`,
    'spec.hosts[1]',
    /cannot be resolved/,
  ),
  bad(
    'a wildcard with DNS_ROUND_ROBIN',
    `  hosts: [▶"*.b.example"]\n${HTTP}  resolution: DNS_ROUND_ROBIN\n`,
    'spec.hosts[0]',
    /DNS_ROUND_ROBIN/,
  ),
  bad(
    'two hosts on a TCP port',
    `  ▶hosts:\n  - a.example\n  - b.example\n${TCP}  resolution: DNS\n`,
    'spec.hosts',
    /ports\[0\].*told apart/,
  ),
  bad(
    'a name as endpoint with STATIC',
    `${HOST}${HTTP}  resolution: STATIC\n  endpoints:\n  - address: ▶b.example\n`,
    'spec.endpoints[0].address',
    /expects an IP address/,
  ),
  bad(
    'an endpoint without address',
    `${HOST}${HTTP}  resolution: STATIC\n  endpoints:\n  - ▶weight: 1\n`,
    'spec.endpoints[0].address',
    /^missing; expected an IP/,
  ),
  bad(
    'an endpoint with a network alone',
    `${HOST}${HTTP}  resolution: STATIC\n  endpoints:\n  - ▶network: n1\n`,
    'spec.endpoints[0].address',
    /networks are not supported/,
  ),
  bad(
    'an endpoint with a port that is none',
    `${HOST}${HTTP}  resolution: STATIC\n  endpoints:\n  - address: 198.18.0.1\n    ports:\n      ▶htpt: 8080\n`,
    'spec.endpoints[0].ports.htpt',
    /no port of this name; did you mean "http"/,
  ),

  bad(
    'exported twice to a namespace',
    `${HOST}${HTTP}  resolution: DNS\n  exportTo: [web, ▶web]\n`,
    'spec.exportTo[1]',
    /exportTo\[0\]/,
  ),
  bad(
    'exported to this namespace and by its name',
    `${HOST}${HTTP}  resolution: DNS\n  exportTo: [".", ▶shop]\n`,
    'spec.exportTo[1]',
    /exportTo\[0\]/,
  ),
  bad(
    'exported to all and to one',
    `${HOST}${HTTP}  resolution: DNS\n  exportTo: [web, ▶"*"]\n`,
    'spec.exportTo[1]',
    /must stand alone/,
  ),
  bad(
    'exported to none and to one',
    `${HOST}${HTTP}  resolution: DNS\n  exportTo: [▶"~", web]\n`,
    'spec.exportTo[0]',
    /"~" must stand alone/,
  ),

  {
    ...doubtful('no ports', `${HOST}  resolution: DNS\n`, 'spec.ports', /admits nothing/),
    yaml: serviceEntry(`${HOST}  resolution: DNS\n`).replace('spec:', '▶spec:'),
  },
  doubtful(
    'no protocol',
    `${HOST}  resolution: DNS\n  ports:\n  - ▶number: 80\n    name: http\n`,
    'spec.ports[0].protocol',
    /only HTTP and TLS/,
  ),
  doubtful(
    'TCP to anywhere',
    `${HOST}  resolution: NONE\n  ports:\n  - number: 25\n    name: smtp\n    protocol: ▶TCP\n`,
    'spec.ports[0].protocol',
    /every connection to port 25/,
  ),
  doubtful(
    'a target port with NONE',
    `${HOST}  ports:\n  - {number: 80, name: http, protocol: HTTP, targetPort: ▶8080}\n`,
    'spec.ports[0].targetPort',
    /no effect/,
  ),
  doubtful(
    'STATIC without endpoints',
    `${HOST}${HTTP}  resolution: STATIC\n  ▶endpoints: []\n`,
    'spec.endpoints',
    /nothing can be reached/,
  ),
  ...[
    '127.0.0.1',
    '169.254.169.254',
    '"::1"',
    '"fe80::1"',
    '"::ffff:127.0.0.1"',
    '0.0.0.0',
    '224.0.0.1',
    '"64:ff9b::7f00:1"',
  ].map((address) =>
    doubtful(
      `the endpoint ${address}`,
      `${HOST}${HTTP}  resolution: STATIC\n  endpoints:\n  - address: ▶${address}\n`,
      'spec.endpoints[0].address',
      /never dialled/,
    ),
  ),
  doubtful(
    'a field that nobody knows',
    `${HOST}${HTTP}  resolution: DNS\n  ▶timeout: 3s\n`,
    'spec.timeout',
    /^unknown field: it has no effect$/,
  ),
  doubtful(
    'a misspelt field',
    `${HOST}${HTTP}  resolution: DNS\n  ▶adresses: [198.18.0.1]\n`,
    'spec.adresses',
    /did you mean "addresses"/,
  ),
  doubtful(
    'a misspelt field of a port',
    `${HOST}  resolution: DNS\n  ports:\n  - number: 80\n    name: http\n    protocol: HTTP\n    ▶targetport: 81\n`,
    'spec.ports[0].targetport',
    /did you mean "targetPort"/,
  ),
  doubtful(
    'snake_case',
    `${HOST}${HTTP}  resolution: DNS\n  ▶export_to: ["."]\n`,
    'spec.export_to',
    /read as "exportTo"/,
  ),
]);

testRows([
  bad(
    'a name and all below it on a TCP port',
    `  ▶hosts:\n  - a.example\n  - "*.a.example"\n${TCP}  resolution: STATIC\n  endpoints: [{address: 198.18.0.1}]\n`,
    'spec.hosts',
    /told apart/,
  ),
  bad(
    'both spellings of a field',
    `${HOST}${HTTP}  resolution: DNS\n  exportTo: ["."]\n  ▶export_to: ["*"]\n`,
    'spec.export_to',
    /in both spellings/,
  ),
  doubtful(
    'neither hosts twice nor ports in a map are renamed',
    `${HOST}  resolution: DNS\n  ports: [{number: 80, name: a-b, protocol: HTTP}]\n  endpoints:\n  - address: b.example\n    ports: {a-b: 81}\n    labels: {snake_case: kept}\n    ▶service_account: x\n`,
    'spec.endpoints[0].service_account',
    /read as "serviceAccount"/,
  ),
]);
