/**
 * What ARCHITECTURE.md promises about the tree, read from the files themselves: imports only point down, pure folders
 * are pure, every file with logic has its test. No dependency but Node.
 */
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { MIRROR_EXCEPTIONS } from './support/mirror-exceptions.ts';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const product = sources('{agent,init}/**/*.ts');
const everything = [...product, ...sources('{scripts,test}/**/*.ts')];

/** Higher may import lower. Folders of one rank do not import each other, save where PEERS_MAY says so. */
const RANKS: readonly (readonly string[])[] = [
  ['agent/model', 'init/contract.ts'],
  ['agent/registry', 'agent/dialects', 'agent/wire', 'agent/sniff', 'agent/identify', 'agent/config'],
  ['agent/native'],
  [
    'agent/accept',
    'agent/sources',
    'agent/upstream',
    'agent/dns',
    'agent/relay',
    'agent/http',
    'agent/log',
    'agent/admin',
  ],
  ['agent/pipeline'],
  ['agent/roles'],
  ['agent/cli'],
  ['agent/main.ts'],
];
const PURE = [...(RANKS[1] ?? []), 'agent/model', 'init/contract.ts', 'init/rules', 'init/render.ts'];
/** Pure folders build on each other (sniff on wire, dialects on registry); the cycle test keeps that in order. */
const PEERS_MAY = RANKS[1] ?? [];

/** The one place of each package. Types of a package count as the package. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  yargs: ['agent/cli/', 'init/command-line.ts'],
  execa: ['init/netfilter/'],
  pino: ['agent/log/'],
  'prom-client': ['agent/admin/'],
  '@kubernetes/client-node': ['agent/sources/'],
  re2js: ['agent/dialects/'],
  'dns-packet': ['agent/dns/', 'agent/upstream/resolve/'],
  systeminformation: ['agent/cli/doctor'],
  'js-yaml': ['agent/sources/'],
  yaml: ['agent/sources/', 'agent/registry/remedy.ts'],
  zod: ['agent/dialects/', 'agent/config/'],
};

test('imports only point down', () => {
  const wrong = agentEdges().filter(({ from, to }) => {
    const [above, below] = [placeOf(from), placeOf(to)];
    if (above === below) return false;
    if (rankOf(above) === rankOf(below)) return !PEERS_MAY.includes(above);
    return rankOf(above) < rankOf(below);
  });
  assert.deepEqual(wrong.map(edgeText), []);
});

test('only accept and relay import the addon, and nothing but its facade', () => {
  const wrong = agentEdges().filter(
    ({ from, to }) =>
      placeOf(to) === 'agent/native' &&
      placeOf(from) !== 'agent/native' &&
      !(['agent/accept', 'agent/relay'].includes(placeOf(from)) && to === 'agent/native/index.ts'),
  );
  assert.deepEqual(wrong.map(edgeText), []);
});

test('the agent knows the contract of init, accept also netfilter; init knows only the value types of the agent', () => {
  const wrong = edges(product).filter(({ from, to }) => {
    if (to === 'package.json') return !from.endsWith('/main.ts') && !from.startsWith('agent/cli/');
    if (from.startsWith('init/')) return !to.startsWith('init/') && !to.startsWith('agent/model/');
    if (!to.startsWith('init/')) return !to.startsWith('agent/');
    return to !== 'init/contract.ts' && !(from.startsWith('agent/accept/') && to.startsWith('init/netfilter/'));
  });
  assert.deepEqual(wrong.map(edgeText), []);
});

test('netfilter stands alone, the contract imports nothing', () => {
  const wrong = edges(product).filter(
    ({ from, to }) =>
      from === 'init/contract.ts' || (from.startsWith('init/netfilter/') && !to.startsWith('init/netfilter/')),
  );
  assert.deepEqual(wrong.map(edgeText), []);
});

test('no file imports itself over others', () => {
  assert.deepEqual(cycles(edges(everything)), []);
});

test('pure folders do no I/O and read no clock, chance or process', () => {
  const impure =
    /\b(?:Date\.now|new Date\(\)|performance\.|Math\.random|process\.|set(?:Timeout|Interval|Immediate)\(|crypto\.|fetch\(|console\.)/;
  const wrong = product
    .filter((path) => isPure(path))
    .flatMap((path) => [
      ...importsOf(path)
        .filter((name) => name.startsWith('node:'))
        .map((name) => `${path} imports ${name}`),
      ...codeLines(path)
        .filter((line) => impure.test(line))
        .map((line) => `${path}: ${line.trim()}`),
    ]);
  assert.deepEqual(wrong, []);
});

test('who has read bytes of the wire opens no file and starts no program: none of them becomes a path', () => {
  const reads = ['agent/wire', 'agent/sniff', 'agent/registry', 'agent/upstream', 'agent/relay', 'agent/pipeline'];
  const opens = /^node:(?:fs|child_process|module|worker_threads)\b/;
  const readers = product.filter((path) => reads.includes(placeOf(path)));
  assert.ok(readers.length > 50, 'the folders were not found');
  const wrong = readers.flatMap((path) =>
    importsOf(path)
      .filter((name) => opens.test(name))
      .map((name) => `${path} imports ${name}`),
  );
  assert.deepEqual(wrong, []);
});

test('each package has one place', () => {
  const wrong = product.flatMap((path) =>
    packagesOf(path)
      .filter((name) => !(PACKAGES[name] ?? []).some((place) => path.startsWith(place)))
      .map((name) => `${path} imports ${name}`),
  );
  assert.deepEqual(wrong, []);
});

test('no file has a name that says nothing', () => {
  const banned = /(?:^|\/)(?:utils?|helpers?|common|types|misc|index)(?:\.test)?\.ts$|\/(?:utils?|helpers?|common)\//;
  const facade = ['agent/native/index.ts', 'test/unit/agent/native/index.test.ts'];
  assert.deepEqual(
    everything.filter((path) => banned.test(path) && !facade.includes(path)),
    [],
  );
  assert.deepEqual(
    everything.filter((path) => !/^[a-z0-9./-]+$/.test(path)),
    [],
    'kebab-case',
  );
});

test('settings are read in one place', () => {
  // A door hands the environment on; netfilter looks along PATH for the programs that it runs.
  const readers = ['agent/config/', 'init/options.ts', 'init/main.ts', 'init/netfilter/run.ts'];
  const wrong = product.filter((path) => codeLines(path).some((line) => line.includes('process.env')));
  assert.deepEqual(
    wrong.filter((path) => !readers.some((place) => path.startsWith(place))),
    [],
  );
});

test('nobody switches the checkers off', () => {
  const directive = /@ts-(?:ignore|nocheck|expect-error)|(?:eslint|oxlint)-disable|biome-ignore/;
  const escape = /\bas any\b|:\s*any\s*(?:[;,)=\]}|&>]|$)|<any>|\bany\[\]/;
  const others = everything.filter((path) => path !== 'test/architecture.test.ts');
  const wrong = others.flatMap((path) =>
    codeLines(path)
      .filter((line) => escape.test(line.replace(/(?:^|\s)\/\/.*/, '')))
      .map((line) => `${path}: ${line.trim()}`),
  );
  assert.deepEqual([...wrong, ...others.filter((path) => directive.test(read(path)))], []);
});

test('every file with logic has its mirror test, or stands on the list with the test that proves it', () => {
  const withLogic = product.filter((path) => hasLogic(path));
  const missing = withLogic.filter((path) => !existsSync(`${ROOT}${mirrorOf(path)}`) && !(path in MIRROR_EXCEPTIONS));
  assert.deepEqual(missing, []);
  const stale = Object.entries(MIRROR_EXCEPTIONS).filter(
    ([path, proof]) => !withLogic.includes(path) || existsSync(`${ROOT}${mirrorOf(path)}`) || !existsSync(ROOT + proof),
  );
  assert.deepEqual(stale, [], 'exceptions that no longer are');
});

type Edge = { readonly from: string; readonly to: string };

function agentEdges(): Edge[] {
  return edges(product.filter((path) => path.startsWith('agent/'))).filter(
    ({ to }) => to.startsWith('agent/') || to === 'init/contract.ts',
  );
}

function edges(paths: readonly string[]): Edge[] {
  return paths.flatMap((from) =>
    importsOf(from)
      .filter((name) => name.startsWith('.'))
      .map((name) => ({ from, to: posix.join(posix.dirname(from), name) })),
  );
}

function edgeText({ from, to }: Edge): string {
  return `${from} imports ${to}`;
}

/** Each cycle once, as the path from its first found file back to it. */
function cycles(all: readonly Edge[]): string[] {
  const targets = Map.groupBy(all, ({ from }) => from);
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    if (trail.includes(path)) found.push([...trail.slice(trail.indexOf(path)), path].join(' → '));
    if (done.has(path) || trail.includes(path)) return;
    for (const { to } of targets.get(path) ?? []) visit(to, [...trail, path]);
    done.add(path);
  };
  for (const from of targets.keys()) visit(from, []);
  return found;
}

/** `agent/wire`, `agent/main.ts`: what has a rank. */
function placeOf(path: string): string {
  return path.split('/').slice(0, 2).join('/');
}

function rankOf(place: string): number {
  const rank = RANKS.findIndex((places) => places.includes(place));
  assert.notEqual(rank, -1, `${place} has no rank: say in RANKS where it stands`);
  return rank;
}

function isPure(path: string): boolean {
  return PURE.some((place) => path === place || path.startsWith(`${place}/`));
}

function packagesOf(path: string): string[] {
  const foreign = importsOf(path).filter((name) => !name.startsWith('.') && !name.startsWith('node:'));
  return foreign.map((name) =>
    name
      .split('/')
      .slice(0, name.startsWith('@') ? 2 : 1)
      .join('/'),
  );
}

/** Static, dynamic and type imports alike. */
function importsOf(path: string): string[] {
  const code = codeLines(path).join('\n');
  const forms = /^(?:import|export)\s[^'"`;]*?from\s+'([^']+)'|^import\s+'([^']+)'|\bimport\(\s*'([^']+)'/gm;
  return [...code.matchAll(forms)].map(([, from, bare, dynamic]) => from ?? bare ?? dynamic ?? '');
}

/** Without lines that are comment alone. */
function codeLines(path: string): string[] {
  return read(path)
    .split('\n')
    .filter((line) => !/^\s*(?:\/\/|\/?\*)/.test(line));
}

/** Types and plain constants need no test of their own. */
function hasLogic(path: string): boolean {
  return codeLines(path).some(
    (line) =>
      /^(?:export )?(?:async )?(?:function|class)\b|=> \{?$|=> [^;]*;$/.test(line) &&
      !/^(?:export )?type\b|^ {2}readonly /.test(line),
  );
}

function mirrorOf(path: string): string {
  return `test/unit/${path.replace(/\.ts$/, '.test.ts')}`;
}

function sources(pattern: string): string[] {
  return globSync(pattern, { cwd: ROOT, exclude: ['test/fixtures/**'] }).sort();
}

function read(path: string): string {
  return readFileSync(ROOT + path, 'utf8');
}
