import { parseArgs } from 'node:util';

/** `keepalive` and `latency` look at the same runs: many requests on one connection. `connect`: one request on each. */
const CASES = { keepalive: 'keep', latency: 'keep', connect: 'close' } as const;
export type LoadMode = 'keep' | 'close';

export type BenchOptions = {
  readonly modes: readonly LoadMode[];
  /** Connections at once, one table each. */
  readonly connections: readonly number[];
  /** Names of contenders; empty: all. */
  readonly contenders: readonly string[];
  readonly rounds: number;
  readonly warmMs: number;
  readonly measureMs: number;
  readonly bodyBytes: number;
  /** Folder for V8's profiles of the contenders that run in Node; their rates are then lower. */
  readonly profile: string | undefined;
};

export const USAGE = `npm run bench -- [--case keepalive,latency,connect] [--connections 1,8,64] [--contender NAME,…]
                 [--rounds N] [--seconds S] [--body BYTES] [--quick] [--profile FOLDER]`;

/** Throws with a sentence for whoever typed it. */
export function readOptions(argv: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      case: { type: 'string', default: 'keepalive,latency' },
      connections: { type: 'string', default: '1,8,64' },
      contender: { type: 'string', default: '' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      body: { type: 'string', default: '128' },
      profile: { type: 'string' },
      quick: { type: 'boolean', default: false },
    },
  });
  const usual = values.quick ? { rounds: 3, seconds: 1 } : { rounds: 5, seconds: 2 };
  return {
    modes: [...new Set(listOf(values.case).map(modeOf))],
    connections: listOf(values.connections).map((text) => numberOf('--connections', text)),
    contenders: listOf(values.contender),
    rounds: values.rounds === undefined ? usual.rounds : numberOf('--rounds', values.rounds),
    warmMs: 500,
    measureMs: 1000 * (values.seconds === undefined ? usual.seconds : numberOf('--seconds', values.seconds)),
    bodyBytes: numberOf('--body', values.body),
    profile: values.profile,
  };
}

function modeOf(name: string): LoadMode {
  for (const [known, mode] of Object.entries(CASES)) if (known === name) return mode;
  throw new Error(`--case ${name}: expected ${Object.keys(CASES).join(', ')}`);
}

function numberOf(option: string, text: string): number {
  if (!/^[1-9][0-9]{0,6}$/.test(text)) throw new Error(`${option} ${text}: expected a number from 1`);
  return Number(text);
}

function listOf(text: string): string[] {
  return text.split(',').filter((part) => part !== '');
}
