import { errorAt, type Finding, type Path, warningAt } from '../dialect.ts';
import type { GatewaySpec, ServerSpec } from './gateway-schema.ts';
import { notHonoured } from './not-honoured.ts';

/** What must hold between the fields of a Gateway, and what of it is not opened. Paths start at the document. */
export function* gatewayRules(spec: GatewaySpec): Generator<Finding> {
  const byPort = new Map<number, { readonly at: number; readonly server: ServerSpec }>();
  for (const [at, server] of spec.servers.entries()) {
    const path: Path = ['spec', 'servers', at];
    const { number, protocol } = server.port;
    const before = byPort.get(number);
    if (before && before.server.port.protocol.served !== protocol.served) {
      yield errorAt(
        [...path, 'port', 'protocol'],
        `port ${number} is ${before.server.port.protocol.word} in servers[${before.at}]; expected the same protocol`,
      );
    }
    if (!before) byPort.set(number, { at, server });
    yield* serverRules(server, path);
  }
}

/** The field, below its server, for which the server is not opened: better no way out than one without what it says. */
export function notOpenedFor({ bind, port, tls }: ServerSpec): Path | undefined {
  if (bind !== undefined && bind !== '') return ['bind'];
  if (!tls) return undefined;
  if (tls.httpsRedirect === true) return ['tls', 'httpsRedirect'];
  if (port.protocol.served === 'tcp') return ['tls'];
  return tls.mode === undefined || tls.mode === 'PASSTHROUGH' ? undefined : ['tls', 'mode'];
}

function* serverRules(server: ServerSpec, path: Path): Generator<Finding> {
  const { word, served } = server.port.protocol;
  if (served === 'tls' && server.tls?.mode === undefined) {
    const field = server.tls ? ['tls', 'mode'] : ['tls'];
    yield errorAt([...path, ...field], `missing: ${word} needs it; expected tls.mode`);
  }
  const why = notOpenedFor(server);
  if (why) {
    yield warningAt([...path, ...why], 'not honoured yet: this server is not opened', 'key');
  } else if (served === 'http') {
    yield* httpWarnings(server, path);
  }
  yield* notHonoured(server, ['defaultEndpoint'], path, 'it has no effect');
  if (server.port.targetPort !== undefined)
    yield warningAt(
      [...path, 'port', 'targetPort'],
      'has no effect: the port of the gateway is that of its Service',
      'key',
    );
}

function* httpWarnings({ port, tls }: ServerSpec, path: Path): Generator<Finding> {
  const { word } = port.protocol;
  if (word === 'HTTP2' || word === 'GRPC') {
    yield warningAt(
      [...path, 'port', 'protocol'],
      `${word} is served as HTTP/1.1 alone: plaintext HTTP/2 is refused yet`,
    );
  }
  if (tls) yield warningAt([...path, 'tls'], `has no effect: a server of ${word} is not encrypted`, 'key');
}
