import { type Captured, capturedLab, meshMode, serviceEntry } from '../lab/captured.ts';
import { clientHello } from './client-hello.ts';
import { type Keeper, keepOpen, type Wanted } from './keep-open.ts';
import type { Saying } from './keeper.ts';
import { RAW_ADDRESSES } from './raw-origin.ts';

const HTTP_PORT = 8000;
const PROXY_PORT = 8001;
const TLS_PORT = 8443;
const ECHO_PORT = 8078;
const GREETING_PORT = 3306;

/** By file, one for each thing that can be revoked. */
export const RESOURCES = {
  'http.yaml': serviceEntry({ name: 'http', hosts: ['raw.test'], ports: [[HTTP_PORT, 'HTTP']] }),
  'proxy.yaml': serviceEntry({ name: 'proxy', hosts: ['raw.test'], ports: [[PROXY_PORT, 'TCP']] }),
  'target-tls.yaml': serviceEntry({ name: 'target-tls', hosts: ['aliyun.com'], ports: [[443, 'TLS']] }),
  'target-http.yaml': serviceEntry({ name: 'target-http', hosts: ['inner.test'], ports: [[80, 'HTTP']] }),
  'tls.yaml': serviceEntry({
    name: 'tls',
    hosts: ['aliyun.com'],
    ports: [[TLS_PORT, 'TLS']],
    resolution: 'STATIC',
    endpoints: [RAW_ADDRESSES[0]],
  }),
  'echo.yaml': serviceEntry({ hosts: ['echo.test'], ports: [[ECHO_PORT, 'TCP']] }),
  'greeting.yaml': serviceEntry({ hosts: ['db.test'], ports: [[GREETING_PORT, 'TCP']] }),
  'other.yaml': serviceEntry({ hosts: ['other.test'], ports: [[80, 'HTTP']] }),
} as const;

/** A captured lab with these in force, and an origin behind each. */
export async function policyWorld(lease: 'on' | 'off'): Promise<Captured> {
  const world = await capturedLab({
    names: { 'raw.test': RAW_ADDRESSES },
    args: ['--lease', lease],
    config: { 'mesh.yaml': meshMode('REGISTRY_ONLY'), ...RESOURCES },
  });
  const raw = { names: [], addresses: RAW_ADDRESSES };
  await world.lab.addOrigins('ext', [
    { key: 'raw', ...raw, services: [HTTP_PORT, PROXY_PORT].map((port) => ({ port, kind: 'raw-http' })) },
    { key: 'tls', ...raw, services: [{ port: TLS_PORT, kind: 'echo' }] },
  ]);
  return world;
}

const HELLO = clientHello('curl-7.88');
const ECHO: Saying = { say: 'again\n', mark: 'again\n' };
const OTHER: Saying = asking('other.test', '/', '</html>\n');
const LENGTH: Saying = asking('raw.test:8000', '/length', 'length');
const TUNNEL_TLS: Saying = connecting('aliyun.com:443');
const TUNNEL_HTTP: Saying = connecting('inner.test:80');
const INNER: Saying = asking('inner.test', '/length', 'length');
const [V4] = RAW_ADDRESSES;

function asking(host: string, path: string, mark: string, ...fields: readonly string[]): Saying {
  return { say: [`GET ${path} HTTP/1.1`, `Host: ${host}`, ...fields, '', ''].join('\r\n'), mark };
}

function upgrading(host: string): Saying {
  return asking(host, '/upgrade', '\r\n\r\n', 'Connection: Upgrade', 'Upgrade: websocket');
}

function connecting(target: string): Saying {
  return { say: `CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`, mark: '\r\n\r\n' };
}

/** One connection of each kind; the kind's name says what a test expects of it. */
const KINDS = {
  opaque: { host: '203.0.113.18', port: ECHO_PORT, begin: [ECHO], again: ECHO },
  greeted: { host: '203.0.113.17', port: GREETING_PORT, begin: [{ say: '', mark: 'HELLO\n' }] },
  tls: { host: V4, port: TLS_PORT, begin: [{ say: HELLO, mark: HELLO }], again: ECHO },
  idle: { host: V4, port: HTTP_PORT, begin: [LENGTH], again: LENGTH },
  busy: { host: V4, port: HTTP_PORT, begin: [LENGTH], again: LENGTH, everyMs: 25 },
  'half answered': { host: V4, port: HTTP_PORT, begin: [asking('raw.test:8000', '/held', 'half')] },
  unanswered: { host: V4, port: HTTP_PORT, begin: [LENGTH], again: asking('raw.test:8000', '/held/back', 'halfhalf') },
  upgraded: {
    host: V4,
    port: HTTP_PORT,
    begin: [upgrading('raw.test:8000'), ECHO],
    again: ECHO,
  },
  'silent tunnel': { host: V4, port: PROXY_PORT, begin: [TUNNEL_TLS] },
  'tunnel of TLS': { host: V4, port: PROXY_PORT, begin: [TUNNEL_TLS, { say: HELLO, mark: HELLO }], again: ECHO },
  'tunnel of HTTP': { host: V4, port: PROXY_PORT, begin: [TUNNEL_HTTP, INNER], again: INNER },
  'tunnel of an upgrade': {
    host: V4,
    port: PROXY_PORT,
    begin: [TUNNEL_HTTP, upgrading('inner.test'), ECHO],
    again: ECHO,
  },
  other: { host: '203.0.113.19', port: 80, begin: [OTHER], again: OTHER },
} as const satisfies Readonly<Record<string, Omit<Wanted, 'kind' | 'count'>>>;

export type Kind = keyof typeof KINDS;

/** So many connections of these kinds, all of which have begun when it returns. */
export function keep({ lab }: Captured, counts: Readonly<Partial<Record<Kind, number>>>): Promise<Keeper> {
  const all = kindsIn(counts).map((kind): Wanted => ({ kind, count: counts[kind] ?? 0, ...KINDS[kind] }));
  return keepOpen(lab, 'pod', all);
}

function kindsIn(counts: Readonly<Partial<Record<Kind, number>>>): readonly Kind[] {
  return (Object.keys(counts) as Kind[]).filter((kind) => kind in KINDS); // the keys of the parameter's own type
}
