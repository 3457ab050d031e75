import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Command, HELLO, HOST, ORIGIN, type Place, THREADS } from '../contender.ts';

/** Every file that steers a peer. */
export const PEER_FILES = [
  'haproxy-tcp.cfg',
  'haproxy-sni.cfg',
  'haproxy-agent.cfg',
  'haproxy-gateway.cfg',
  'haproxy-http.cfg',
  'nginx-stream.conf',
  'nginx-sni.conf',
  'redsocks.conf',
  'node-net.mjs',
] as const;
type PeerFile = (typeof PEER_FILES)[number];

export function peerFile(name: PeerFile): string {
  return fileURLToPath(new URL(`../peers/${name}`, import.meta.url));
}

/** It fills in what the environment says, and can listen in a pod by itself. */
export function haproxy(file: PeerFile, { pod, gateway, logFile }: Place, logs = false): Command {
  return {
    at: file === 'haproxy-gateway.cfg' ? 'gateway' : 'node',
    argv: ['sh', '-c', 'exec haproxy -db -f "$0" >> "$1"', peerFile(file), logFile],
    env: {
      BENCH_NETNS: pod.netns,
      BENCH_HOST: HOST,
      BENCH_SNI: HELLO.sni,
      BENCH_LOG: logs ? 'yes' : 'no',
      ...(gateway ? { BENCH_GATEWAY: `${gateway.v4}:${ORIGIN.port}` } : {}),
    },
  };
}

export function nginx(file: PeerFile, place: Place): Command {
  const config = filled(file, place);
  return { at: 'node', argv: ['nginx', '-e', 'stderr', '-p', place.folder, '-c', config], env: inPod(place) };
}

export function redsocks(place: Place): Command {
  return { at: 'node', argv: ['redsocks', '-c', filled('redsocks.conf', place)], env: inPod(place) };
}

export function nodeNet(place: Place): Command {
  const argv = [process.execPath, peerFile('node-net.mjs'), ORIGIN.ip, `${ORIGIN.port}`, `${THREADS}`];
  return { at: 'node', argv, env: { ...inPod(place), NODE_NO_WARNINGS: '1' } };
}

/** See programs/in-pod.c. */
function inPod({ programs, pod }: Place): Readonly<Record<string, string>> {
  return { LD_PRELOAD: `${programs}/in-pod.so`, IN_POD: `/run/netns/${pod.netns}` };
}

/** A copy in which each {{NAME}} has its value, for who cannot read the environment. */
function filled(file: PeerFile, { folder, descriptors, purpose }: Place): string {
  const values: Readonly<Record<string, string>> = {
    FOLDER: folder,
    THREADS: `${THREADS}`,
    DESCRIPTORS: `${descriptors}`,
    ORIGIN_IP: ORIGIN.ip,
    ORIGIN_PORT: `${ORIGIN.port}`,
    SOCKS_PORT: `${ORIGIN.socksPort}`,
    SNI: HELLO.sni,
    BUFFER: purpose === 'bulk' ? '256k' : '16k',
    SPLICE: purpose === 'bulk' ? 'true' : 'false',
  };
  const text = readFileSync(peerFile(file), 'utf8').replaceAll(/\{\{(\w+)\}\}/g, (whole, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`${file}: ${whole} is not known`);
    return value;
  });
  writeFileSync(`${folder}/${file}`, text);
  return `${folder}/${file}`;
}
