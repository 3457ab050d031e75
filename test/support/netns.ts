import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { makeNamespaces } from './lab/namespaces.ts';
import { must, type Outcome, outcomeText, type Running, type RunOptions, run, start } from './lab/run.ts';
import { claim, removeAtExit, removeLab } from './lab/teardown.ts';
import { podAt } from './lab/topology.ts';
import { waitFor } from './lab/wait.ts';
import type { DialAnswer, DialOrder } from './netns-dial.ts';
import type { Heard, ListenOrder } from './netns-listen.ts';

type Place = 'pod' | 'node' | 'ext';

/** A pod, a router and an outside world, and nothing in them: for tests of the rules alone. */
export type Netns = {
  readonly folder: string;
  readonly exec: (place: Place, argv: readonly string[], options?: RunOptions) => Promise<Outcome>;
  /** As `exec`, for what must succeed. A string is a shell script. */
  readonly must: (place: Place, script: string | readonly string[]) => Promise<string>;
  /** `weir-init COMMAND …` in the pod, as an init container runs it; the lab's runs from the node, with --netns. */
  readonly init: (command: string, args?: readonly string[], options?: RunOptions) => Promise<Outcome>;
  /** One connection or datagram, by a program of its own. */
  readonly dial: (place: Place, order: DialOrder) => Promise<DialAnswer>;
  /** A connection that stays: `open` is true once it is, `say` sends one more line. */
  readonly hold: (place: Place, order: DialOrder) => Promise<{ say: () => void; told: () => readonly DialAnswer[] }>;
  /** A server that answers each first line with its name, and remembers what reached it. */
  readonly listen: (place: Place, order: ListenOrder) => Promise<Listener>;
  /** Any program, once it has said `word`; its standard input stays empty. */
  readonly start: (place: Place, argv: readonly string[], word: string) => Promise<Running>;
  readonly close: () => void;
};

type Listener = {
  readonly heard: () => readonly Heard[];
  readonly kill: (signal: NodeJS.Signals) => void;
  readonly stop: () => Promise<void>;
};

export const POD = { 4: '198.18.1.2', 6: 'fd00:1::2' } as const;
export const ORIGIN = { 4: '203.0.113.80', 6: '2001:db8:ee::80' } as const;
export const FAMILIES = [4, 6] as const;
export const BACKENDS = ['nft', 'legacy'] as const;

const INIT = fileURLToPath(new URL('../../scripts/weir-init', import.meta.url));
let made = 0;

/** Must be root. If anything fails on the way, nothing stays behind. */
async function makeNetns(): Promise<Netns> {
  const name = `weir-i${process.pid}-${++made}`;
  const folder = claim(name);
  removeAtExit(name);
  try {
    const pods = [podAt(name, 'pod', 0)];
    await makeNamespaces({ pods, node: `${name}-node`, ext: `${name}-ext`, origins: [ORIGIN[4], ORIGIN[6]] });
  } catch (thrown) {
    removeLab(name);
    throw thrown;
  }
  return netnsOf(name, folder);
}

/** As `makeNetns`, removed when `use` ends, however it ends. */
export async function withNetns(use: (netns: Netns) => Promise<void>): Promise<void> {
  const netns = await makeNetns();
  try {
    await use(netns);
  } finally {
    netns.close();
  }
}

function netnsOf(name: string, folder: string): Netns {
  let programs = 0;
  const inside = (place: Place, argv: readonly string[]) => ['ip', 'netns', 'exec', `${name}-${place}`, ...argv];
  const exec: Netns['exec'] = (place, argv, options) => run(inside(place, argv), options);
  const program = (place: Place, file: string, ...args: readonly string[]): Running =>
    start(inside(place, [process.execPath, script(file), ...args]), `${folder}/program-${++programs}`);
  return {
    folder,
    exec,
    must: async (place, what) => {
      const argv = typeof what === 'string' ? ['sh', '-ec', what] : what;
      return (await must(inside(place, argv))).stdout;
    },
    init: (command, args = [], options) => exec('pod', [INIT, command, ...args], options),
    dial: async (place, order) => {
      const outcome = await exec(place, [process.execPath, script('netns-dial.ts'), JSON.stringify(order)]);
      const [answer] = answersIn(outcome.stdout);
      if (answer === undefined) throw new Error(outcomeText(outcome));
      return answer;
    },
    hold: async (place, order) => {
      const running = program(place, 'netns-dial.ts', JSON.stringify({ ...order, stay: true }));
      const told = () => answersIn(running.stdout());
      await waitFor('the connection is open', () => told().length > 0, { told: running.stderr });
      return { told, say: () => running.kill('SIGUSR1') };
    },
    listen: async (place, order) => {
      const record = `${folder}/heard-${++programs}`;
      writeFileSync(record, '');
      const running = program(place, 'netns-listen.ts', JSON.stringify(order), record);
      await waitFor('the server listens', () => running.stdout().includes('listening'), { told: running.stderr });
      return {
        heard: () => linesOf(readFileSync(record, 'utf8')).map((line) => JSON.parse(line) as Heard), // we wrote it
        kill: running.kill,
        stop: async () => {
          running.kill('SIGKILL');
          await running.ended;
        },
      };
    },
    start: async (place, argv, word) => {
      const running = start(inside(place, argv), `${folder}/program-${++programs}`);
      await waitFor(`${argv[0]} says ${word}`, () => running.stdout().includes(word), { told: running.stderr });
      return running;
    },
    close: () => removeLab(name),
  };
}

/** A folder with programs that stand in for others of the same name: name → shell script. */
export function shims(folder: string, scripts: Readonly<Record<string, string>>): string {
  const path = `${folder}/shims-${++made}`;
  mkdirSync(path);
  for (const [name, text] of Object.entries(scripts))
    writeFileSync(`${path}/${name}`, `#!/bin/sh\n${text}`, { mode: 0o755 });
  return path;
}

function answersIn(text: string): readonly DialAnswer[] {
  return linesOf(text).map((line) => JSON.parse(line) as DialAnswer); // the program prints nothing else
}

function linesOf(text: string): readonly string[] {
  return text.split('\n').slice(0, -1);
}

function script(file: string): string {
  return fileURLToPath(new URL(file, import.meta.url));
}
