import { istioObject, type Row, testRows } from '../marked-document.ts';

// Rules between fields, then what is not opened.

function bad(says: string, servers: string, path: string, message: RegExp): Row {
  return { says, yaml: istioObject('Gateway', `  servers:\n${servers}`), path: `spec.servers${path}`, message };
}

function doubtful(says: string, server: string, path: string, message: RegExp): Row {
  return { ...bad(says, `  - hosts: ["*"]\n    ${server}\n`, `[0]${path}`, message), severity: 'warning' };
}

function port(protocol: string, number = 80): string {
  return `port: {number: ${number}, name: a, protocol: ${protocol}}`;
}

const CLOSED = /^not honoured yet: this server is not opened$/;
const PLAIN = /plaintext HTTP\/2 is refused yet$/;

testRows([
  bad(
    'one port of two protocols',
    `  - {${port('HTTP')}, hosts: ["*"]}\n  - {${port('HTTP2', 81)}, hosts: ["*"]}\n`.replace('HTTP2', 'HTTP') +
      `  - {${port('▶TCP')}, hosts: ["*"]}\n`,
    '[2].port.protocol',
    /^port 80 is HTTP in servers\[0\]; expected the same protocol$/,
  ),
  bad(
    'TLS without tls',
    `  - ▶${port('TLS')}\n    hosts: ["*"]\n`,
    '[0].tls',
    /^missing: TLS needs it; expected tls\.mode$/,
  ),
  bad('HTTPS without tls', `  - ▶${port('https')}\n    hosts: ["*"]\n`, '[0].tls', /^missing: HTTPS needs it/),
  bad(
    'HTTPS without mode',
    `  - ${port('HTTPS')}\n    hosts: ["*"]\n    ▶tls: {credentialName: a}\n`,
    '[0].tls.mode',
    /expected tls\.mode$/,
  ),

  ...['SIMPLE', 'MUTUAL', 'ISTIO_MUTUAL', 'AUTO_PASSTHROUGH', 'OPTIONAL_MUTUAL'].map((mode) =>
    doubtful(`mode ${mode}`, `${port('HTTPS')}\n    tls: {▶mode: ${mode}}`, '.tls.mode', CLOSED),
  ),
  doubtful('tls on TCP', `${port('TCP')}\n    ▶tls: {mode: PASSTHROUGH}`, '.tls', CLOSED),
  doubtful('a redirect to HTTPS', `${port('HTTP')}\n    tls: {▶httpsRedirect: true}`, '.tls.httpsRedirect', CLOSED),
  doubtful('TLS to end at HTTP', `${port('HTTP')}\n    tls: {▶mode: SIMPLE}`, '.tls.mode', CLOSED),
  doubtful('bind', `${port('HTTP')}\n    ▶bind: 198.18.0.1`, '.bind', CLOSED),
  doubtful('HTTP2', port('▶http2'), '.port.protocol', PLAIN),
  doubtful('GRPC', port('▶GRPC'), '.port.protocol', PLAIN),
  doubtful(
    'tls that says nothing on HTTP',
    `${port('HTTP')}\n    ▶tls: {httpsRedirect: false}`,
    '.tls',
    /^has no effect/,
  ),
  doubtful(
    'an endpoint',
    `${port('HTTP')}\n    ▶defaultEndpoint: 127.0.0.1:80`,
    '.defaultEndpoint',
    /^not honoured yet/,
  ),
  doubtful(
    'a target port',
    'port: {number: 80, name: a, protocol: HTTP, ▶targetPort: 8080}',
    '.port.targetPort',
    /^has no effect/,
  ),
]);
