/** A captured pod, and outside of it the four origins of the corpus, each at addresses of its own under one name. */
import { existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { meshMode, serviceEntry } from '../lab/captured.ts';
import { type Lab, makeLab } from '../lab/lab.ts';
import { must, type Running } from '../lab/run.ts';
import { waitFor } from '../lab/wait.ts';
import { nginxConfig } from '../origins/nginx.ts';
import type { ParsedEntry } from '../origins/parsed-http.ts';
import type { Scripted, ScriptedEntry, ScriptedPlan } from '../origins/scripted-http.ts';
import type { Where } from './plays.ts';

/** Addresses of corpus.test: which of them is dialled says who answers. */
export const ADDRESSES: Readonly<Record<Where, readonly [v4: string, v6: string]>> = {
  raw: ['203.0.113.81', '2001:db8:ee::81'],
  nginx: ['203.0.113.82', '2001:db8:ee::82'],
  node: ['203.0.113.83', '2001:db8:ee::83'],
  python: ['203.0.113.84', '2001:db8:ee::84'],
};
const ELSEWHERE = ['203.0.113.85', '2001:db8:ee::85'] as const;
const PORT = 80;

/** nginx logs what it refuses, too. */
type LoggedEntry = ParsedEntry & { readonly status?: number };

export type CorpusWorld = {
  readonly lab: Lab;
  /** All bytes of each connection to the raw origin since `forget`, latin1. */
  readonly streams: () => readonly string[];
  /** The requests that this server answered since `forget`. */
  readonly parsed: (where: Exclude<Where, 'raw'>) => readonly ParsedEntry[];
  readonly forget: () => void;
};

/** The lab without an agent: each test starts it as it needs it (`CORPUS_CONFIG`). */
export async function corpusWorld(messages: Readonly<Record<string, Scripted>>): Promise<CorpusWorld> {
  const all = Object.values(ADDRESSES).flat();
  const lab = await makeLab({ names: { 'corpus.test': all, 'elsewhere.test': ELSEWHERE } });
  try {
    const added = [...all, ...ELSEWHERE].map((ip) =>
      ip.includes(':') ? `${ip}/64 dev eth0 nodad` : `${ip}/24 dev eth0`,
    );
    await must(['ip', '-n', lab.netns('ext'), '-batch', '-'], {
      input: added.map((each) => `addr add ${each}\n`).join(''),
    });
    const record = (where: Where): string => `${lab.folder}/corpus-${where}.jsonl`;
    for (const where of Object.keys(ADDRESSES)) writeFileSync(`${lab.folder}/corpus-${where}.jsonl`, '');
    await startAll(lab, record, messages);
    return {
      lab,
      streams: () => streamsOf(entries(record('raw'), 'utf8') as readonly ScriptedEntry[]),
      parsed: (where) =>
        (entries(record(where), where === 'nginx' ? 'latin1' : 'utf8') as readonly LoggedEntry[]).filter(
          ({ status = 200 }) => status === 200,
        ),
      forget: () => {
        for (const where of Object.keys(ADDRESSES)) truncateSync(`${lab.folder}/corpus-${where}.jsonl`);
      },
    };
  } catch (thrown) {
    await lab.close();
    throw thrown;
  }
}

/** corpus.test goes to the address that was dialled, elsewhere.test to its own; other.test is not listed. */
export const CORPUS_CONFIG: Readonly<Record<string, string>> = {
  'mesh.yaml': meshMode('REGISTRY_ONLY'),
  'corpus.yaml': serviceEntry({ hosts: ['corpus.test'], ports: [[PORT, 'HTTP']], resolution: 'NONE' }),
  'elsewhere.yaml': serviceEntry({ hosts: ['elsewhere.test'], ports: [[PORT, 'HTTP']] }),
};

async function startAll(
  lab: Lab,
  record: (where: Where) => string,
  messages: Readonly<Record<string, Scripted>>,
): Promise<void> {
  const { folder } = lab;
  const plan: ScriptedPlan = {
    addresses: [...ADDRESSES.raw, ...ELSEWHERE],
    port: PORT,
    messages,
    recordFile: record('raw'),
    readyFile: `${folder}/raw.ready`,
  };
  writeFileSync(`${folder}/raw.json`, JSON.stringify(plan));
  writeFileSync(
    `${folder}/nginx.conf`,
    nginxConfig({ folder, recordFile: record('nginx'), port: PORT, addresses: ADDRESSES.nginx }),
  );
  const parsed = (where: 'node' | 'python') => [
    record(where),
    `${folder}/${where}.ready`,
    `${PORT}`,
    ...ADDRESSES[where],
  ];
  await Promise.all([
    started(lab, [process.execPath, program('scripted-http.ts'), `${folder}/raw.json`], plan.readyFile),
    started(lab, ['nginx', '-c', `${folder}/nginx.conf`, '-e', `${folder}/nginx-error.log`], `${folder}/nginx.pid`),
    started(lab, [process.execPath, program('parsed-http.ts'), ...parsed('node')], `${folder}/node.ready`),
    started(lab, ['python3', program('parsed-http.py'), ...parsed('python')], `${folder}/python.ready`),
  ]);
}

async function started(lab: Lab, argv: readonly string[], readyFile: string): Promise<void> {
  const running: Running = lab.spawn('ext', argv);
  const ready = (): boolean => {
    if (running.code() !== undefined) throw new Error(`${argv.join(' ')} ended: ${running.stderr()}`);
    return existsSync(readyFile);
  };
  await waitFor(`${argv[0]} listens`, ready, { told: running.stderr });
}

function program(name: string): string {
  return fileURLToPath(new URL(`../origins/${name}`, import.meta.url));
}

/** A torn last line is left for the next reading. nginx writes bytes from 0x80 as they came. */
function entries(path: string, encoding: 'latin1' | 'utf8'): readonly unknown[] {
  const lines = readFileSync(path, encoding).split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as unknown); // written by our own origins alone
}

function streamsOf(all: readonly ScriptedEntry[]): readonly string[] {
  const streams = new Map<string, string>();
  for (const { id, bytes } of all) streams.set(id, (streams.get(id) ?? '') + bytes);
  return [...streams.values()];
}
