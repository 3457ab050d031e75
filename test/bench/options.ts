import { parseArgs } from 'node:util';
import { CASES, type Case } from './cases.ts';
import type { LoadSizes } from './load.ts';

export type BenchOptions = LoadSizes & {
  readonly cases: readonly Case[];
  /** Connections at once, one table each; undefined: what each case has. */
  readonly connections: readonly number[] | undefined;
  /** Names of contenders; empty: the usual ones. */
  readonly contenders: readonly string[];
  readonly quick: boolean;
  readonly rounds: number;
  /** Folder for V8's profiles of the contenders that run in Node; their rates are then lower. */
  readonly profile: string | undefined;
  /** File of the JSON result. */
  readonly json: string | undefined;
  readonly help: boolean;
  readonly showPeers: boolean;
  /** docs/performance.md and its plot are written. */
  readonly writeDocs: boolean;
};

export const USAGE = `npm run bench -- [--quick] [--case NAME,…] [--json FILE] [--show-peers] [--write-docs]
                 [--contender NAME,…] [--connections 1,8,64] [--rounds N] [--seconds S] [--body BYTES] [--mib N]
                 [--profile FOLDER]
cases: ${CASES.join(', ')}`;

export const HELP = `${USAGE}

Measures Weir beside other proxies, in network namespaces, as root. Rows go to standard output, progress to standard
error. A whole run, neither --quick nor with fewer cases or other contenders, also writes docs/performance.md.

  --quick            ends within five minutes: shorter runs, and fewer rounds where time is short
  --case             only these
  --json             the rows to a file, too
  --show-peers       prints how each peer is set up and why, and measures nothing
  --write-docs       docs/performance.md and its plot, whatever was measured
  --contender        only these, and those of docs/gate.md, which are not measured unless they are named
  --connections      at once, in place of each case's own
  --rounds           of which a figure is the median (5; 3 with --quick)
  --seconds          how long a run is, save for streams (2; 1 with --quick)
  --mib              how much one stream carries, or eight together (1024; 256 with --quick)
  --body             bytes of each HTTP answer (128)
  --profile          V8's profiles of what runs in Node go there; rates are then lower

Examples:
  # every case within five minutes, its rows as JSON, too
  npm run bench -- --quick --json rows.json
  # new connections and kept ones, 64 at once, three rounds
  npm run bench -- --case connect,keepalive --connections 64 --rounds 3

Exit: 0 measured; 1 bad options, or something did not arrive as it was sent. Method: docs/performance.md`;

/** Throws with a sentence for whoever typed it. */
export function readOptions(argv: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      case: { type: 'string', default: CASES.join(',') },
      connections: { type: 'string' },
      contender: { type: 'string', default: '' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      body: { type: 'string', default: '128' },
      mib: { type: 'string' },
      profile: { type: 'string' },
      json: { type: 'string' },
      quick: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
      'show-peers': { type: 'boolean', default: false },
      'write-docs': { type: 'boolean', default: false },
    },
  });
  const { help, quick, connections, contender, profile, json } = values;
  const usual = quick ? { rounds: 3, seconds: 1, mib: 256 } : { rounds: 5, seconds: 2, mib: 1024 };
  const number = (name: 'rounds' | 'seconds' | 'mib'): number =>
    values[name] === undefined ? usual[name] : numberOf(`--${name}`, values[name]);
  const cases = CASES.filter((name) => listOf(values.case).map(caseOf).includes(name));
  return {
    cases,
    connections:
      connections === undefined ? undefined : listOf(connections).map((text) => numberOf('--connections', text)),
    contenders: listOf(contender),
    quick,
    rounds: number('rounds'),
    warmMs: quick ? 300 : 500,
    measureMs: 1000 * number('seconds'),
    bodyBytes: numberOf('--body', values.body),
    streamBytes: number('mib') * 1024 * 1024,
    profile,
    json,
    help,
    showPeers: values['show-peers'],
    writeDocs: values['write-docs'] || (!quick && cases.length === CASES.length && contender === ''),
  };
}

function caseOf(name: string): Case {
  const known = CASES.find((known) => known === name);
  if (known === undefined) throw new Error(`--case ${name}: expected ${CASES.join(', ')}`);
  return known;
}

function numberOf(option: string, text: string): number {
  if (!/^[1-9][0-9]{0,6}$/.test(text)) throw new Error(`${option} ${text}: expected a number from 1`);
  return Number(text);
}

function listOf(text: string): string[] {
  return text.split(',').filter((part) => part !== '');
}
