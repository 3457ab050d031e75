import { istioObject, type Row, testRows } from '../marked-document.ts';

// Each field by itself: type, range, form. Paths and positions are those that a person sees.

const ROUTE = '    route: [{destination: {host: b.example}}]\n';
const HTTP = `  http:\n  - name: all\n${ROUTE}`;

function bad(says: string, spec: string, path: string, message: RegExp): Row {
  return { says, yaml: istioObject('VirtualService', spec), path, message };
}

function withHosts(says: string, hosts: string, path: string, message: RegExp): Row {
  return bad(says, `  hosts:${hosts}\n  gateways: [out]\n${HTTP}`, path, message);
}

function withLine(says: string, line: string, path: string, message: RegExp): Row {
  return bad(says, `  hosts: [a.example]\n${HTTP}  ${line}\n`, path, message);
}

/** A condition of the only match of the only HTTP route. */
function withMatch(says: string, line: string, path: string, message: RegExp): Row {
  const spec = `  hosts: [a.example]\n  http:\n  - match:\n    - ${line}\n${ROUTE}`;
  return bad(says, spec, `spec.http[0].match[0]${path}`, message);
}

function withDestination(says: string, destination: string, path: string, message: RegExp): Row {
  const spec = `  hosts: [a.example]\n  http:\n  - route:\n    - ${destination}\n`;
  return bad(says, spec, `spec.http[0].route[0]${path}`, message);
}

function withTls(says: string, match: string, path: string, message: RegExp): Row {
  return bad(says, `  hosts: [a.example]\n  tls:\n  - ${match}\n${ROUTE}`, `spec.tls[0]${path}`, message);
}

testRows([
  {
    says: 'no spec',
    yaml: '▶apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: row}\n',
    path: 'spec',
    message: /missing; expected the spec of a VirtualService/,
  },
  {
    ...bad('no hosts', HTTP, 'spec.hosts', /missing; expected a list of at least one host name/),
    yaml: istioObject('VirtualService', HTTP).replace('spec:', '▶spec:'),
  },
  withHosts('no host in the list', ' ▶[]', 'spec.hosts', /at least one host name, found a list of 0/),
  withHosts('hosts is text', ' ▶a.example', 'spec.hosts', /found the text "a.example"/),
  withHosts('an address', '\n  - ▶198.18.0.1', 'spec.hosts[0]', /an address is no host/),
  withHosts('an IPv6 address', '\n  - ▶"2001:db8::1"', 'spec.hosts[0]', /an address is no host/),
  withHosts('a wildcard inside', '\n  - a.example\n  - ▶"a.*.example"', 'spec.hosts[1]', /whole first label/),
  withHosts('a URL', '\n  - ▶http://a.example', 'spec.hosts[0]', /without the scheme/),
  withHosts('a number', '\n  - ▶1', 'spec.hosts[0]', /found the number 1/),

  withLine('gateways is text', 'gateways: ▶mesh', 'spec.gateways', /a list of gateways, found the text "mesh"/),
  withLine('a gateway of three parts', 'gateways: [▶a/b/c]', 'spec.gateways[0]', /"mesh", the NAME/),
  withLine('a gateway with capitals', 'gateways: [mesh, ▶Out]', 'spec.gateways[1]', /NAMESPACE\/NAME/),
  withLine('a gateway without name', 'gateways: [▶shop/]', 'spec.gateways[0]', /NAMESPACE\/NAME/),
  withLine('a namespace of a gateway that is none', 'gateways: [▶a.b/out]', 'spec.gateways[0]', /NAMESPACE\/NAME/),
  withLine('exportTo of a pattern', 'exportTo: [▶shop-*]', 'spec.exportTo[0]', /a namespace/),
  withLine('tls is a mapping', 'tls: ▶{}', 'spec.tls', /a list of TLS routes, found a mapping/),
  withLine('tcp is nothing', '▶tcp:', 'spec.tcp', /found nothing/),
  bad('http of text', '  hosts: [a.example]\n  http: ▶all\n', 'spec.http', /a list of HTTP routes/),
  bad('a route of text', '  hosts: [a.example]\n  http: [▶all]\n', 'spec.http[0]', /expected a route \(a mapping\)/),
  bad(
    'a name that is a number',
    `  hosts: [a.example]\n  http:\n  - name: ▶1\n${ROUTE}`,
    'spec.http[0].name',
    /name of the route \(text\)/,
  ),
  bad(
    'a redirect of text',
    '  hosts: [a.example]\n  http:\n  - redirect: ▶/b\n',
    'spec.http[0].redirect',
    /a redirect \(a mapping\)/,
  ),

  withMatch('a match of text', '▶all', '', /expected a match \(a mapping\)/),
  withMatch('uri is text', 'uri: ▶/status', '.uri', /exactly one of exact, prefix and regex \(a mapping\)/),
  withMatch('uri asks for nothing', 'uri: ▶{}', '.uri', /found none$/),
  withMatch('uri asks for two things', 'uri: ▶{exact: /a, prefix: /b}', '.uri', /found exact and prefix$/),
  withMatch('half a regular expression', 'uri: {regex: ▶/a(}', '.uri.regex', /RE2.*missing closing \)/),
  withMatch('scheme of a number', 'scheme: {exact: ▶1}', '.scheme.exact', /the whole text \(text\)/),
  withMatch('method as a list', 'method: ▶[GET]', '.method', /found a list of 1/),
  withMatch('authority by look ahead', 'authority: {regex: ▶"(?!a)"}', '.authority.regex', /RE2/),
  withMatch('headers as a list', 'headers: ▶[a]', '.headers', /conditions by name \(a mapping\)/),
  withMatch('a header as text', 'headers: {a: ▶b}', '.headers.a', /exactly one of exact, prefix and regex, or \{\}/),
  withMatch('a header by two', 'headers: {a: ▶{exact: b, regex: c}}', '.headers.a', /found exact and regex/),
  withMatch('a misspelt condition', 'withoutHeaders: {a: ▶{exakt: b}}', '.withoutHeaders.a', /did you mean "exact"/),
  withMatch('a bad pattern for a parameter', 'queryParams: {q: {regex: ▶"["}}', '.queryParams.q.regex', /RE2/),
  withMatch(
    'ignoreUriCase as text',
    'ignoreUriCase: ▶"yes"',
    '.ignoreUriCase',
    /true or false\), found the text "yes"/,
  ),
  withMatch('port 0', 'port: ▶0', '.port', /1 to 65535/),
  withMatch('labels that are numbers', 'sourceLabels: {version: ▶1}', '.sourceLabels.version', /label \(text\)/),
  withMatch('a namespace with a dot', 'sourceNamespace: ▶a.b', '.sourceNamespace', /expected a namespace/),
  withMatch('a gateway with a blank', 'gateways: [▶"a b"]', '.gateways[0]', /NAMESPACE\/NAME/),

  withDestination('no destination', '▶weight: 1', '.destination', /missing; expected a destination with host/),
  withDestination('no host', '▶destination: {subset: v1}', '.destination.host', /missing; expected a DNS name/),
  withDestination('a wildcard', 'destination: {host: ▶"*.b.example"}', '.destination.host', /cannot be dialled/),
  withDestination('an address', 'destination: {host: ▶198.18.0.1}', '.destination.host', /an address is no host/),
  withDestination('a port as number', 'destination: {host: b, port: ▶80}', '.destination.port', /a port with number/),
  withDestination(
    'a port above the last',
    'destination: {host: b, port: {number: ▶65536}}',
    '.destination.port.number',
    /1 to 65535/,
  ),
  withDestination(
    'a subset of a number',
    'destination: {host: b, subset: ▶1}',
    '.destination.subset',
    /a subset \(text\)/,
  ),
  withDestination('a weight below zero', '{destination: {host: b}, weight: ▶-1}', '.weight', /whole number/),

  bad(
    'no match',
    `  hosts: [a.example]\n  tls:\n  - ▶${ROUTE.trimStart()}`,
    'spec.tls[0].match',
    /missing; expected a list/,
  ),
  withTls('an empty list of matches', 'match: ▶[]', '.match', /at least one match, found a list of 0/),
  withTls(
    'no sniHosts',
    'match: [▶{port: 443}]',
    '.match[0].sniHosts',
    /missing; expected a list of at least one host/,
  ),
  withTls('empty sniHosts', 'match: [{sniHosts: ▶[]}]', '.match[0].sniHosts', /found a list of 0/),
  withTls('an address as SNI', 'match: [{sniHosts: [▶198.18.0.1]}]', '.match[0].sniHosts[0]', /an address is no host/),
  withTls(
    'a name as subnet',
    'match: [{sniHosts: [a.example], destinationSubnets: [▶b.example]}]',
    '.match[0].destinationSubnets[0]',
    /an IP address or a CIDR/,
  ),
  bad(
    'no destinations',
    '  hosts: [a.example]\n  tcp:\n  - match: [{port: 25}]\n    route: ▶[]\n',
    'spec.tcp[0].route',
    /at least one destination, found a list of 0/,
  ),
  bad(
    'no route',
    '  hosts: [a.example]\n  tcp:\n  - ▶match: [{port: 25}]\n',
    'spec.tcp[0].route',
    /missing; expected a list of at least one destination/,
  ),

  {
    ...withLine('a misspelt field', '▶gateway: [mesh]', 'spec.gateway', /did you mean "gateways"/),
    severity: 'warning',
  },
  {
    ...withMatch(
      'a misspelt condition beside one',
      'uri: {exact: /a, ▶prefx: /b}',
      '.uri.prefx',
      /did you mean "prefix"/,
    ),
    severity: 'warning',
  },
  {
    ...withMatch('snake_case', '▶query_params: {q: {}}', '.query_params', /read as "queryParams"/),
    severity: 'warning',
  },
  {
    ...withTls(
      'snake_case in a list',
      'match: [{▶sni_hosts: [a.example]}]',
      '.match[0].sni_hosts',
      /read as "sniHosts"/,
    ),
    severity: 'warning',
  },
]);
