import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { serviceEntry } from '../support/lab/captured.ts';
import { type Contender, HOST, ORIGIN, type Start } from './contender.ts';
import type { DeciderOrder } from './decider/order.ts';

/** In their order here; no names: all. Throws for a name that is none. */
export function contendersNamed(names: readonly string[]): readonly Contender[] {
  const unknown = names.find((name) => !CONTENDERS.some((contender) => contender.name === name));
  if (unknown !== undefined)
    throw new Error(`--contender ${unknown}: expected ${CONTENDERS.map(({ name }) => name).join(', ')}`);
  return names.length === 0 ? CONTENDERS : CONTENDERS.filter(({ name }) => names.includes(name));
}

function haproxy(name: string, logs: boolean): Contender {
  const config = fileURLToPath(new URL('peers/haproxy-http.cfg', import.meta.url));
  const start: Start = ({ netns, logFile }) => ({
    argv: ['sh', '-c', 'exec haproxy -db -f "$0" >> "$1"', config, logFile],
    env: { BENCH_NETNS: netns, BENCH_HOST: HOST, BENCH_LOG: logs ? 'yes' : 'no' },
  });
  return { name, start, logs, judges: true, addsField: true, comparedTo: peerOf(logs) };
}

/** The real mover with the least decider: what stands between haproxy and a whole pipeline. */
function mover(name: string, gate: DeciderOrder['gate'], logs: boolean): Contender {
  const program = fileURLToPath(new URL('decider/main.ts', import.meta.url));
  const start: Start = ({ netns, logFile }) => {
    const order: DeciderOrder = { netns: `/run/netns/${netns}`, host: HOST, gate, logFile: logs ? logFile : undefined };
    return {
      argv: [process.execPath, '--disable-warning=ExperimentalWarning', program, JSON.stringify(order)],
      env: {},
    };
  };
  const [judges, addsField] = [gate !== 'open', gate === 'held' || gate === 'leased'];
  return { name, start, logs, judges, addsField, comparedTo: peerOf(logs) };
}

/** The agent as a user starts it; it always writes access lines. */
function agent(name: string, args: readonly string[]): Contender {
  const program = fileURLToPath(new URL('../../scripts/weir-agent', import.meta.url));
  const start: Start = ({ netns, logFile, folder }) => {
    const [addresses, ports] = [[`${ORIGIN.ip}/32`], [[ORIGIN.port, 'HTTP']] as const];
    writeFileSync(`${folder}/entry.yaml`, serviceEntry({ hosts: [HOST], ports, addresses, resolution: 'NONE' }));
    const enrolment = ['--netns', `/run/netns/${netns}`, '--workload', 'default/sleep'];
    return { argv: [program, 'run', '--config', folder, ...enrolment, '--access-log', logFile, ...args], env: {} };
  };
  return { name, start, logs: true, judges: true, addsField: true, comparedTo: peerOf(true) };
}

function peerOf(logs: boolean): string {
  return logs ? 'haproxy-log' : 'haproxy';
}

const CONTENDERS: readonly Contender[] = [
  { name: 'direct', start: undefined, logs: false, judges: false, addsField: false, comparedTo: peerOf(false) },
  haproxy('haproxy', false),
  haproxy('haproxy-log', true),
  mover('mover-open', 'open', false),
  mover('mover-observed', 'observed', false),
  mover('mover-observed-log', 'observed', true),
  mover('mover-held', 'held', false),
  mover('mover-held-log', 'held', true),
  mover('mover-leased', 'leased', false),
  agent('weir', []),
  agent('weir-no-lease', ['--lease', 'off']),
];
