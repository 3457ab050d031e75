import type { Contender, Setting, Start } from './contender.ts';
import { haproxy, nginx, nodeNet, redsocks } from './contenders/peers.ts';
import { mover, weir } from './contenders/weir.ts';
import type { DeciderOrder } from './decider/order.ts';

/** In their order here; no names: those that are measured unless others are named. */
export function contendersOf(setting: Setting, names: readonly string[]): readonly Contender[] {
  const all = CONTENDERS[setting];
  return all.filter(({ name, onlyNamed }) => (names.length === 0 ? !onlyNamed : names.includes(name)));
}

/** Throws for a name that is none. */
export function checkNames(names: readonly string[]): void {
  const known = [...new Set(Object.values(CONTENDERS).flatMap((all) => all.map(({ name }) => name)))];
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new Error(`--contender ${unknown}: expected ${known.join(', ')}`);
}

/** Who stands in no row of a setting, and why. */
export const CANNOT: readonly { readonly setting: Setting; readonly contender: string; readonly because: string }[] = [
  { setting: 'tls', contender: 'redsocks', because: 'reads no SNI' },
  { setting: 'tls', contender: 'node-net', because: 'reads no SNI' },
  { setting: 'gateway', contender: 'nginx', because: 'sends only version 1 of the PROXY protocol' },
  { setting: 'gateway', contender: 'redsocks', because: 'speaks no PROXY protocol' },
  { setting: 'gateway', contender: 'node-net', because: 'speaks no PROXY protocol' },
  { setting: 'http', contender: 'redsocks', because: 'judges no request' },
  { setting: 'http', contender: 'node-net', because: 'judges no request' },
  { setting: 'http', contender: 'nginx', because: 'its stream module judges no request' },
];

function direct(): Contender {
  return { ...of('direct', 'direct', undefined), comparedTo: 'haproxy' };
}

function peer(name: string, start: Start): Contender {
  return of(name, 'peer', start);
}

function of(name: string, kind: Contender['kind'], start: Start | undefined): Contender {
  const plain = { logs: false, judges: false, addsField: false, comparedTo: 'haproxy', onlyNamed: false, tuned: false };
  return { name, kind, start, ...plain };
}

function httpHaproxy(name: string, logs: boolean): Contender {
  const start: Start = (place) => [haproxy('haproxy-http.cfg', place, logs)];
  return { ...peer(name, start), logs, judges: true, addsField: true, comparedTo: peerOf(logs) };
}

function moverPart(name: string, gate: DeciderOrder['gate'], logs: boolean): Contender {
  const [judges, addsField] = [gate !== 'open', gate === 'held' || gate === 'leased'];
  const start: Start = (place) => [mover(gate, logs, place)];
  return { ...of(name, 'part', start), logs, judges, addsField, comparedTo: peerOf(logs), onlyNamed: true };
}

function product(setting: Setting, comparedTo = 'haproxy'): Contender {
  const start: Start = (place) => weir(setting, place);
  const judges = setting === 'tls' || setting === 'http';
  return { ...of('weir', 'weir', start), logs: true, judges, addsField: setting === 'http', comparedTo };
}

function peerOf(logs: boolean): string {
  return logs ? 'haproxy-log' : 'haproxy';
}

const CONTENDERS: Readonly<Record<Setting, readonly Contender[]>> = {
  tcp: [
    direct(),
    peer('haproxy', (place) => [haproxy('haproxy-tcp.cfg', place)]),
    { ...peer('nginx', (place) => [nginx('nginx-stream.conf', place)]), tuned: true },
    { ...peer('redsocks', (place) => [redsocks(place)]), tuned: true },
    peer('node-net', (place) => [nodeNet(place)]),
    product('tcp'),
  ],
  tls: [
    direct(),
    { ...peer('haproxy', (place) => [haproxy('haproxy-sni.cfg', place)]), judges: true },
    { ...peer('nginx', (place) => [nginx('nginx-sni.conf', place)]), judges: true },
    product('tls'),
  ],
  gateway: [
    direct(),
    peer('haproxy', (place) => [haproxy('haproxy-gateway.cfg', place), haproxy('haproxy-agent.cfg', place)]),
    product('gateway'),
  ],
  http: [
    direct(),
    httpHaproxy('haproxy', false),
    httpHaproxy('haproxy-log', true),
    moverPart('mover-open', 'open', false),
    moverPart('mover-observed', 'observed', false),
    moverPart('mover-observed-log', 'observed', true),
    moverPart('mover-held', 'held', false),
    moverPart('mover-held-log', 'held', true),
    moverPart('mover-leased', 'leased', false),
    product('http', 'haproxy-log'),
    {
      ...product('http', 'haproxy-log'),
      name: 'weir-no-lease',
      kind: 'part',
      start: (place) => weir('http', place, ['--lease', 'off']),
      onlyNamed: true,
    },
  ],
};
