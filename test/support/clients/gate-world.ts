import assert from 'node:assert/strict';
import { answerPattern, misfit, type Pattern, splitAnswer } from '../corpus/patterns.ts';
import type { AccessLine } from '../lab/agent.ts';
import { type Captured, capturedLab, meshMode, serviceEntry } from '../lab/captured.ts';
import { must } from '../lab/run.ts';
import type { ServiceKind } from '../origins/fixtures.ts';
import { ANSWERS } from '../origins/raw-http.ts';
import type { Talked } from './captured-pod.ts';

/** Two listed hosts with an origin each (raw-http.ts), and a proxy to which CONNECT is allowed; other.test is not listed. */
export const ONE = ['203.0.113.86', '2001:db8:ee::86'] as const;
const TWO = ['203.0.113.87', '2001:db8:ee::87'] as const;
export const PROXY_PORT = 3128;
export const WEBSOCKET_PORT = 8080;

/**
 * A captured lab with one.test and two.test on port 80, a WebSocket server and a proxy at one.test. Origins' keys: `one`,
 * `two`, `websocket`, `proxy`. Through a tunnel aliyun.com (TLS, 443) and two.test (HTTP, 80) may be reached.
 */
export async function gateWorld(lease: 'on' | 'off' = 'on'): Promise<Captured> {
  const world = await capturedLab({
    names: { 'one.test': ONE, 'proxy.test': ONE, 'two.test': TWO },
    args: ['--lease', lease],
    config: {
      'mesh.yaml': meshMode('REGISTRY_ONLY'),
      'one.yaml': serviceEntry({
        hosts: ['one.test'],
        ports: [80, WEBSOCKET_PORT].map((port) => [port, 'HTTP'] as const),
      }),
      // As Istio's documentation lists a proxy: by its address, since its requests name other hosts.
      'proxy.yaml': serviceEntry({ hosts: ['proxy.test'], ports: [[PROXY_PORT, 'TCP']], addresses: ONE }),
      'two.yaml': serviceEntry({ hosts: ['two.test'], ports: [[80, 'HTTP']] }),
      'aliyun.yaml': serviceEntry({ hosts: ['aliyun.com'], ports: [[443, 'TLS']] }),
    },
  });
  const { lab } = world;
  const held = [...ONE, ...TWO].map((ip) => (ip.includes(':') ? `${ip}/64 dev eth0 nodad` : `${ip}/24 dev eth0`));
  const batch = held.map((each) => `addr add ${each}\n`).join('');
  await must(['ip', '-n', lab.netns('ext'), '-batch', '-'], { input: batch });
  const origin = (key: string, addresses: readonly string[], port: number, kind: ServiceKind) => {
    return { key, names: [], addresses, services: [{ port, kind }] };
  };
  await lab.addOrigins('ext', [
    origin('one', ONE, 80, 'raw-http'),
    origin('two', TWO, 80, 'raw-http'),
    origin('proxy', ONE, PROXY_PORT, 'raw-http'),
    origin('websocket', ONE, WEBSOCKET_PORT, 'websocket'),
  ]);
  return world;
}

/** A request for `host` with these further field lines. */
export function request(method: string, host: string, path: string, ...fields: readonly string[]): string {
  return [`${method} ${path} HTTP/1.1`, `Host: ${host}`, ...fields, '', ''].join('\r\n');
}

/** All requests that this origin has seen, as `METHOD HOST PATH`, one list for each connection. */
export function asked({ lab }: Captured, origin: string): readonly (readonly string[])[] {
  return lab
    .origin(origin)
    .map(({ requests }) => requests.map(({ method, authority, path }) => `${method} ${authority} ${path}`));
}

/** What a client gets of `path` (raw-http.ts). */
export function answer(path: string): Pattern {
  return answerPattern(ANSWERS[path] ?? '');
}

/** What a client gets of `/echo/…`. */
export function echo(path: string): Pattern {
  return answerPattern(`HTTP/1.1 200 OK\r\nContent-Length: ${path.length}\r\n\r\n${path}`);
}

/** Bytes of this answer's body, framing included, as the access line counts. */
export function bodyBytes(path: string): number {
  const bytes = ANSWERS[path] ?? '';
  return bytes.length - splitAnswer(bytes).headBytes;
}

/** The client got this and nothing else, then an orderly end. */
export function fits(told: Talked, pattern: Pattern): void {
  assert.equal(misfit(told.received, pattern), undefined, `stuck at ${told.stuckAt}, ended ${told.end}`);
  assert.equal(told.end, 'fin');
}

/** All access lines of this client's connection, in order, once there are as many. */
export function linesOf(_world: Captured, told: Talked, count: number): Promise<readonly AccessLine[]> {
  return told.lines(count);
}
