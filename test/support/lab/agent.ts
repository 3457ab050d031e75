import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Running, run, start } from './run.ts';
import { waitFor } from './wait.ts';

export type AgentOptions = RoleOptions & {
  /** `--netns --workload` pairs: pod namespace → `NAMESPACE/POD`. */
  readonly enrol: ReadonlyMap<string, string>;
};

export type RoleOptions = {
  /** More of the command line. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** RLIMIT_NOFILE, soft and hard. */
  readonly descriptors?: number;
  /** How long it may take to be ready. */
  readonly limitMs?: number;
  /** Told the whole command line; it is started once this has returned. */
  readonly before?: (argv: readonly string[]) => Promise<void>;
};

export type Agent = {
  readonly pid: number;
  readonly argv: readonly string[];
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** SIGTERM, then its exit code; it drains meanwhile. */
  readonly stop: (limitMs?: number) => Promise<number>;
  /** SIGKILL; dead when it returns. */
  readonly kill: () => Promise<void>;
  readonly signal: (signal: NodeJS.Signals) => void;
  readonly alive: () => boolean;
};

export type AccessLine = Readonly<Record<string, unknown>>;

/** Where this lab's agents find their resources and write their lines. */
export type AgentFiles = { readonly config: string; readonly accessLog: string };

const AGENT = fileURLToPath(new URL('../../../scripts/weir-agent', import.meta.url));
let started = 0;

/** `weir-agent run` in `netns`, as a user would start it; ready (:15021) when it returns. */
export function startAgent(netns: string, folder: string, files: AgentFiles, options: AgentOptions): Promise<Agent> {
  const pairs = [...options.enrol].flatMap(([pod, workload]) => [
    '--netns',
    `/run/netns/${pod}`,
    '--workload',
    workload,
  ]);
  return startRole(netns, folder, ['run', ...pairs], files, options);
}

/** Either role, by its name and what it alone takes. */
export async function startRole(
  netns: string,
  folder: string,
  [role, ...alone]: readonly [role: 'run' | 'gateway', ...alone: string[]],
  files: AgentFiles,
  options: RoleOptions,
): Promise<Agent> {
  const own = [role, '--config', files.config, ...alone, '--access-log', files.accessLog, ...(options.args ?? [])];
  const limited = options.descriptors === undefined ? [] : ['prlimit', `--nofile=${options.descriptors}`];
  const argv = ['ip', 'netns', 'exec', netns, ...limited, AGENT, ...own];
  await options.before?.(argv);
  const process = start(argv, `${folder}/agent-${++started}`, { env: options.env ?? {} });
  const told = () => `$ ${argv.join(' ')}\n${process.stdout()}${process.stderr()}`;
  await waitFor('the agent is ready', () => ready(process, netns, told), { limitMs: options.limitMs ?? 30_000, told });
  return {
    pid: process.pid,
    argv,
    stdout: process.stdout,
    stderr: process.stderr,
    alive: () => process.code() === undefined,
    signal: process.kill,
    kill: async () => {
      process.kill('SIGKILL');
      await waitFor('the agent is dead', () => process.code() !== undefined, { told });
    },
    stop: async (limitMs = 15_000) => {
      process.kill('SIGTERM');
      await waitFor('the agent ends', () => process.code() !== undefined, { limitMs, told });
      return process.code() ?? 0;
    },
  };
}

async function ready(process: Running, netns: string, told: () => string): Promise<boolean> {
  if (process.code() !== undefined) throw new Error(`the agent ended with ${process.code()}\n${told()}`);
  const probe = ['curl', '-sf', '-o', '/dev/null', '--max-time', '2', 'http://127.0.0.1:15021/healthz/ready'];
  return (await run(['ip', 'netns', 'exec', netns, ...probe])).code === 0;
}

/** Complete lines only; a line that is no JSON object is an error of the agent's. */
export function readAccessLines(path: string): AccessLine[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => {
      const value: unknown = JSON.parse(line);
      if (typeof value !== 'object' || value === null) throw new Error(`not an access line: ${line}`);
      return value as AccessLine; // an object: its keys are what the tests look at
    });
}

/** Files appear whole, as an editor or a ConfigMap mount does it; null removes one. */
export function writeResources(folder: string, files: Readonly<Record<string, string | null>>): void {
  for (const [name, text] of Object.entries(files)) {
    if (text === null) rmSync(`${folder}/${name}`, { force: true });
    else {
      writeFileSync(`${folder}/.${name}.new`, text);
      renameSync(`${folder}/.${name}.new`, `${folder}/${name}`);
    }
  }
}
