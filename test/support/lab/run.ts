import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';

export type RunOptions = {
  readonly input?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Killed after this; the outcome's code is then 137. */
  readonly limitMs?: number;
};

/** How a command ended. `code` as a shell tells it: 128 + signal if one ended it, 127 if it could not be started. */
export type Outcome = {
  readonly argv: readonly string[];
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
};

/** A process that lives until it is told otherwise; its output goes to files and survives it. */
export type Running = {
  readonly argv: readonly string[];
  readonly pid: number;
  readonly stdout: () => string;
  readonly stderr: () => string;
  readonly kill: (signal: NodeJS.Signals) => void;
  /** The code once it has ended, undefined while it lives. */
  readonly code: () => number | undefined;
  readonly ended: Promise<number>;
};

/** Never throws for a command that fails: the outcome tells. */
export async function run(argv: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const [program = '', ...rest] = argv;
  const { limitMs = 60_000, input, cwd } = options;
  const { promise, resolve } = Promise.withResolvers<number>();
  const child = spawn(program, rest, { cwd, env: environment(options.env), stdio: ['pipe', 'pipe', 'pipe'] });
  const timer = setTimeout(() => {
    child.kill('SIGKILL');
    for (const stream of [child.stdout, child.stderr]) stream.destroy(); // its own children may still hold the other end
  }, limitMs);
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
  child.stdin.on('error', () => {}); // the program need not read what it is given
  child.stdin.end(input);
  codeOf(child, 'close', resolve, (message) => stderr.push(Buffer.from(message)));
  const code = await promise;
  clearTimeout(timer);
  return { argv, code, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() };
}

/** As `run`, for what must succeed: throws with the command and all it said. */
export async function must(argv: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const outcome = await run(argv, options);
  if (outcome.code !== 0) throw new Error(outcomeText(outcome));
  return outcome;
}

/** What a person needs who must find out why. */
export function outcomeText({ argv, code, stdout, stderr }: Outcome): string {
  return [`$ ${argv.join(' ')}`, stdout.trimEnd(), stderr.trimEnd(), `exit ${code}`].filter((t) => t !== '').join('\n');
}

/**
 * Starts a process in a session of its own, so that ^C at a terminal does not end it before its owner decides.
 * `log` is the path of its output files without ending (`.out`, `.err`).
 */
export function start(argv: readonly string[], log: string, options: Omit<RunOptions, 'limitMs'> = {}): Running {
  const [program = '', ...rest] = argv;
  const out = openSync(`${log}.out`, 'w');
  const err = openSync(`${log}.err`, 'w');
  const stdio = ['pipe', out, err] satisfies ['pipe', number, number];
  const child = spawn(program, rest, { cwd: options.cwd, env: environment(options.env), stdio, detached: true });
  closeSync(out);
  closeSync(err);
  let ended: number | undefined;
  let failure = '';
  const { promise, resolve } = Promise.withResolvers<number>();
  child.stdin?.on('error', () => {});
  child.stdin?.end(options.input);
  const settle = (code: number) => {
    ended = code;
    resolve(code);
  };
  codeOf(child, 'exit', settle, (message) => {
    failure = message;
  });
  child.unref();
  return {
    argv,
    pid: child.pid ?? 0,
    stdout: () => readFileSync(`${log}.out`, 'utf8'),
    stderr: () => failure + readFileSync(`${log}.err`, 'utf8'),
    kill: (signal) => void child.kill(signal),
    code: () => ended,
    ended: promise,
  };
}

function codeOf(
  child: ChildProcess,
  when: 'close' | 'exit',
  settle: (code: number) => void,
  failed: (message: string) => void,
): void {
  child.on('error', (error) => {
    failed(`${error.message}\n`);
    settle(127);
  });
  child.on(when, (code: number | null, signal: NodeJS.Signals | null) => {
    settle(code ?? 128 + (signal === null ? 0 : (SIGNAL_NUMBERS[signal] ?? 0)));
  });
}

/** Nothing of the caller's shell may steer a client in the lab: no proxies, no curl or Node settings but the cache. */
function environment(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  const { PATH = '/usr/sbin:/usr/bin:/sbin:/bin', HOME = '/root', TERM = 'dumb', NODE_COMPILE_CACHE } = process.env;
  const cache = NODE_COMPILE_CACHE === undefined ? {} : { NODE_COMPILE_CACHE };
  return { PATH: `${PATH}:/usr/sbin:/sbin`, HOME, TERM, LANG: 'C.UTF-8', ...cache, ...more };
}

const SIGNAL_NUMBERS: Readonly<Partial<Record<NodeJS.Signals, number>>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGABRT: 6,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGPIPE: 13,
  SIGTERM: 15,
};
