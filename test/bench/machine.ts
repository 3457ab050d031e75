import { readFileSync } from 'node:fs';
import { availableParallelism, release, totalmem } from 'node:os';
import { run } from '../support/lab/run.ts';

/** What the figures depend on. */
export type Machine = {
  readonly processors: number;
  readonly model: string;
  readonly memoryGiB: number;
  readonly kernel: string;
  readonly congestionControl: string;
  readonly node: string;
  readonly haproxy: string;
  readonly nginx: string;
  readonly redsocks: string;
};

export async function describeMachine(): Promise<Machine> {
  const model = /^model name\s*: (.+)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? 'unknown';
  return {
    processors: availableParallelism(),
    model,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    congestionControl: readFileSync('/proc/sys/net/ipv4/tcp_congestion_control', 'utf8').trim(),
    node: process.versions.node,
    haproxy: await versionOf(['haproxy', '-v']),
    nginx: await versionOf(['nginx', '-v']),
    redsocks: await versionOf(['redsocks', '-v']),
  };
}

async function versionOf(argv: readonly string[]): Promise<string> {
  const { stdout, stderr } = await run(argv);
  return /(\d+\.\d[\w.+-]*)/.exec(stdout + stderr)?.[1] ?? 'not there';
}
