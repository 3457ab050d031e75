import { deepEqual, equal, match } from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { until } from '../../../support/until.ts';
import { temporaryFolder } from '../sources/temporary-folder.ts';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const MAIN = join(ROOT, 'agent/main.ts');
const LISTED = fileURLToPath(new URL('../../../fixtures/config/listed', import.meta.url));
const BROKEN = fileURLToPath(new URL('../../../fixtures/config/broken', import.meta.url));

type Ended = { readonly code: number; readonly out: string; readonly err: string };

/** The real program, as its own process. */
function weirAgent(...argv: readonly string[]): Promise<Ended> {
  return programAt(MAIN, argv);
}

function programAt(main: string, argv: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', main, ...argv],
      (_error, out, err) => resolve({ code: child.exitCode ?? -1, out, err }),
    );
  });
}

const EXPLAIN = ['explain', '--config', LISTED, '--from', 'default/sleep', '--to', 'aliyun.com:80'];

test('explain prints JSON on standard output, exit 0 whatever the verdict', async () => {
  for (const [host, verdict] of [
    ['aliyun.com', 'allow'],
    ['other.test', 'deny'],
  ] as const) {
    const { code, out, err } = await weirAgent(...EXPLAIN, '--host', host, '--hop', 'mesh', '--json');
    deepEqual([code, err], [0, '']);
    equal((JSON.parse(out) as { verdict: string }).verdict, verdict); // the shape is explain's own test
  }
});

test('check: 0 clean, 2 errors', async () => {
  equal((await weirAgent('check', '--config', LISTED, '--strict')).code, 0);
  const broken = await weirAgent('check', '--config', BROKEN, '--json');
  equal(broken.code, 2);
  equal((JSON.parse(broken.out) as { errors: number }).errors, 2); // the shape is check's own test
});

test('--version names the version and the commit', async () => {
  const { code, out } = await weirAgent('--version');
  equal(code, 0);
  match(out, /^weir-agent \d+\.\d+\.\d+ \(commit ([0-9a-f]{12}|unknown)\)\n$/);
});

test('--help, of the program and of each command, is an answer and no error', async () => {
  for (const [argv, words] of [
    [['--help'], /weir-agent COMMAND[^]*run[^]*gateway[^]*check[^]*explain/],
    [['run', '--help'], /--sniff-deadline[^]*--first-byte-timeout[^]*--workload[^]*SIGTERM/],
    [['gateway', '--help'], /--sniff-deadline[^]*--name[^]*--labels[^]*--cluster-cidr[^]*--trusted-peers[^]*404/],
    [['gateway', '-h'], /--forward-client-address[^]*--forward-request-id[^]*--allow-local-endpoints/],
    [['check', '-h'], /--strict/],
    [['explain', '--help'], /--from[^]*--allow-local-endpoints[^]*--hop[^]*--json/],
  ] as const) {
    const { code, out, err } = await weirAgent(...argv);
    deepEqual([code, err], [0, ''], argv.join(' '));
    match(out, words);
  }
});

test('run without an addon, and none can be built: 69, why, and no stack', async (t) => {
  const copy = temporaryFolder(t);
  for (const part of ['agent', 'init', 'package.json']) {
    const notBuilt = (path: string): boolean => !path.endsWith('.node') && basename(path) !== '.build';
    cpSync(join(ROOT, part), join(copy, part), { recursive: true, filter: notBuilt });
  }
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  writeFileSync(join(copy, 'agent/native/build'), '#!/bin/sh\necho no compiler >&2\nexit 69\n');
  const argv = ['run', '--config', LISTED, '--netns', '/x', '--workload', 'a/b'];
  const { code, out, err } = await programAt(join(copy, 'agent/main.ts'), argv);
  deepEqual([code, out], [69, '']);
  match(err, /^no compiler\nweir-agent: the mover cannot start: the native addon cannot be built/m);
  equal(/\n\s+at /.test(err), false, `no stack trace: ${err}`);
  for (const judging of [['check', '--config', LISTED], EXPLAIN])
    equal((await programAt(join(copy, 'agent/main.ts'), judging)).code, 0, 'these need no addon');
});

test('run with an access log that cannot be written: 69, why, and no stack', async () => {
  const run = ['run', '--config', LISTED, '--netns', '/x', '--workload', 'a/b', '--access-log', `${LISTED}/none/log`];
  const { code, out, err } = await weirAgent(...run);
  deepEqual([code, out], [69, '']);
  match(err, /^weir-agent: the access log cannot be written: ENOENT[^\n]*\n$/);
});

test('asked to stop while it still reads its resources: it ends, and never listens', async (t) => {
  const folder = temporaryFolder(t);
  const entry = (at: number): string =>
    `apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: { name: e${at}, namespace: shop }\n` +
    `spec: { hosts: [h${at}.test], ports: [{ number: 80, name: http, protocol: HTTP }], resolution: DNS }\n`;
  for (let file = 0; file < 40; file++)
    writeFileSync(
      join(folder, `${file}.yaml`),
      Array.from({ length: 40 }, (_, at) => entry(file * 40 + at)).join('---\n'),
    );
  const log = join(folder, 'access.log');
  const argv = ['gateway', '--config', folder, '--name', 'a/b', '--cluster-cidr', 'none', '--access-log', log];
  const flags = ['--disable-warning=ExperimentalWarning'];
  const child = execFile(process.execPath, [...flags, MAIN, ...argv], { timeout: 20_000, killSignal: 'SIGKILL' });
  await until(() => existsSync(log), 15_000); // the first that it does
  child.kill('SIGTERM');
  deepEqual(await once(child, 'exit'), [0, null]);
});

for (const [argv, problem] of [
  [[], /expected a command/],
  [['frobnicate'], /Unknown command: frobnicate/],
  [['gateway', '--config', LISTED], /Missing required argument: name/],
  [['gateway', '--config', LISTED, '--name', 'a/b'], /--cluster-cidr: expected the cluster's/],
  [['explain'], /config, from, to/],
  [[...EXPLAIN, '--sni', 'a.test', '--host', 'a.test'], /--sni describes a TLS flow/],
  [[...EXPLAIN, '--colour', 'blue'], /colour/],
  [[...EXPLAIN, '--host'], /host/],
  [['check'], /config/],
  [['run'], /config/],
  [['run', '--config', LISTED], /scope pod needs pairs/],
  [['run', '--config', LISTED, '--scope', 'host'], /--scope host: not built yet/],
  [['run', '--config', LISTED, '--port', '0', '--netns', '/x', '--workload', 'a/b'], /--port/],
] as const) {
  test(`64 and a reason on standard error: ${argv.slice(0, 1).concat(argv.slice(-2)).join(' ')}`, async () => {
    const { code, out, err } = await weirAgent(...argv);
    deepEqual([code, out], [64, '']);
    match(err, problem);
    equal(/\n\s+at /.test(err), false, `no stack trace: ${err}`);
  });
}
