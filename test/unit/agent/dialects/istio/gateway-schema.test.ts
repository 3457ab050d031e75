import { istioObject, type Row, testRows } from '../marked-document.ts';

// Each field by itself: type, range, form.

const PORT = 'port: {number: 80, name: http, protocol: HTTP}';

function bad(says: string, spec: string, path: string, message: RegExp): Row {
  return { says, yaml: istioObject('Gateway', spec), path, message };
}

function withServer(says: string, server: string, path: string, message: RegExp): Row {
  return bad(says, `  servers:\n  - ${server}\n`, `spec.servers[0]${path}`, message);
}

function withPort(says: string, port: string, path: string, message: RegExp): Row {
  return withServer(says, `port: ${port}\n    hosts: ["*"]`, `.port${path}`, message);
}

function withHost(says: string, host: string, message: RegExp = /expected a DNS name, "\*\." and one, or "\*"/): Row {
  return withServer(says, `${PORT}\n    hosts: [▶${host}]`, '.hosts[0]', message);
}

testRows([
  {
    says: 'no spec',
    yaml: '▶apiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {name: row}\n',
    path: 'spec',
    message: /missing; expected the spec of a Gateway/,
  },
  {
    ...bad('no servers', '', 'spec.servers', /missing; expected a list of at least one server/),
    yaml: istioObject('Gateway', '  selector: {a: b}\n').replace('spec:', '▶spec:'),
  },
  bad('no server in the list', '  servers: ▶[]\n', 'spec.servers', /found a list of 0/),
  bad('a server of text', '  servers: [▶http]\n', 'spec.servers[0]', /a server with port and hosts/),
  bad(
    'labels that are numbers',
    `  selector: {version: ▶1}\n  servers: [{${PORT}, hosts: ["*"]}]\n`,
    'spec.selector.version',
    /label \(text\)/,
  ),

  withServer('no port', '▶hosts: ["*"]', '.port', /missing; expected a port with number, name and protocol/),
  withPort('a port as number', '▶80', '', /expected a port with number, name and protocol/),
  withServer(
    'no number',
    '▶port: {name: http, protocol: HTTP}\n    hosts: ["*"]',
    '.port.number',
    /missing; expected the port/,
  ),
  withPort('port 0', '{number: ▶0, name: http, protocol: HTTP}', '.number', /1 to 65535/),
  withServer(
    'no name',
    '▶port: {number: 80, protocol: HTTP}\n    hosts: ["*"]',
    '.port.name',
    /missing; expected the name of a port/,
  ),
  withPort('a name with capitals', '{number: 80, name: ▶HTTP, protocol: HTTP}', '.name', /lower-case/),
  withServer(
    'no protocol',
    '▶port: {number: 80, name: http}\n    hosts: ["*"]',
    '.port.protocol',
    /missing; expected a protocol: HTTP, HTTP2/,
  ),
  withPort('a misspelt protocol', '{number: 80, name: http, protocol: ▶HTPT}', '.protocol', /did you mean "HTTP"/),
  withPort(
    'UDP',
    '{number: 80, name: http, protocol: ▶UDP}',
    '.protocol',
    /expected a protocol: .*found the text "UDP"/,
  ),

  withServer('no hosts', `▶${PORT}`, '.hosts', /missing; expected a list of at least one host/),
  withServer('no host in the list', `${PORT}\n    hosts: ▶[]`, '.hosts', /found a list of 0/),
  withHost('an address', '198.18.0.1'),
  withHost('a wildcard inside', '"a.*.example"'),
  withHost('a namespace that is none', 'Shop/a.example'),
  withHost('nobody', '"~/a.example"'),
  withHost('a namespace and nothing', 'shop/'),
  withHost('no namespace and a slash', '/a.example'),
  withHost('two slashes', 'shop/web/a.example'),

  withServer('tls of text', `${PORT}\n    hosts: ["*"]\n    tls: ▶SIMPLE`, '.tls', /TLS settings \(a mapping\)/),
  withServer(
    'a misspelt mode',
    `${PORT}\n    hosts: ["*"]\n    tls: {mode: ▶PASSTHROUHG}`,
    '.tls.mode',
    /did you mean "PASSTHROUGH"/,
  ),
  withServer(
    'a redirect as text',
    `${PORT}\n    hosts: ["*"]\n    tls: {httpsRedirect: ▶"true"}`,
    '.tls.httpsRedirect',
    /true or false\), found the text "true"/,
  ),
  withServer('bind of a number', `${PORT}\n    hosts: ["*"]\n    bind: ▶1`, '.bind', /an address or a socket \(text\)/),
  withServer('a name that is a number', `${PORT}\n    hosts: ["*"]\n    name: ▶1`, '.name', /name of the server/),
  {
    ...withServer('a misspelt field', `${PORT}\n    hosts: ["*"]\n    ▶nmae: a`, '.nmae', /did you mean "name"/),
    severity: 'warning',
  },
  {
    ...withServer(
      'snake_case',
      'port: {number: 443, name: tls, protocol: TLS}\n    hosts: ["*"]\n    tls: {mode: PASSTHROUGH, ▶cipher_suites: []}',
      '.tls.cipher_suites',
      /read as "cipherSuites"/,
    ),
    severity: 'warning',
  },
]);
