import { deepEqual, equal, match } from 'node:assert/strict';
import { appendFileSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { type Loaded, readFolder, watchFolder } from '../../../../agent/sources/files.ts';
import { until } from '../../../support/until.ts';
import { serviceEntryFor, temporaryFolder } from './temporary-folder.ts';

function hostsOf(loaded: Loaded | undefined): string {
  return (loaded?.set.grants ?? [])
    .flatMap((grant) => grant.hosts.map((host) => `${grant.ref.name}=${host.name}`))
    .toSorted()
    .join(' ');
}

test('a folder is read with its problems', async (context) => {
  const dir = temporaryFolder(context);
  writeFileSync(join(dir, 'a.yaml'), `${serviceEntryFor('a', 'a.example')}---\n${serviceEntryFor('b', '*')}`);
  writeFileSync(join(dir, 'b.json'), JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' } }));
  const loaded = await readFolder(dir);
  equal(hostsOf(loaded), 'a=a.example');
  deepEqual(
    loaded.set.workloads.map(({ name }) => name),
    ['p'],
  );
  deepEqual(
    loaded.problems.map(({ position, path }) => [position, path]),
    [[{ file: join(dir, 'a.yaml'), line: 13, column: 11 }, 'spec.hosts[0]']],
  );
  deepEqual([loaded.readable, loaded.generation], [true, 1]);
});

test('an empty folder is a warning, a missing one an error', async (context) => {
  const dir = temporaryFolder(context);
  const empty = await readFolder(dir);
  deepEqual([empty.readable, empty.problems.map(({ severity }) => severity)], [true, ['warning']]);
  match(empty.problems[0]?.message ?? '', /nothing is configured, so every connection is refused/);
  const missing = await readFolder(join(dir, 'none'));
  deepEqual([missing.readable, missing.problems.map(({ severity }) => severity)], [false, ['error']]);
});

type Watched = {
  readonly dir: string;
  readonly loads: readonly Loaded[];
  /** Waits, for at most the second that is promised, until this and nothing else is in force with so many problems. */
  readonly settles: (hosts: string, problems?: number) => Promise<void>;
};

async function watched(context: TestContext, prepare?: (dir: string) => void): Promise<Watched> {
  const dir = join(temporaryFolder(context), 'config');
  mkdirSync(dir);
  prepare?.(dir);
  const loads: Loaded[] = [];
  const watching = watchFolder(dir, (loaded) => loads.push(loaded));
  context.after(watching.close);
  await watching.ready;
  const settles = async (hosts: string, problems = 0) => {
    const isSo = () => hostsOf(loads.at(-1)) === hosts && loads.at(-1)?.problems.length === problems;
    await until(isSo, 1_000).catch(() => deepEqual([hostsOf(loads.at(-1)), loads.at(-1)?.problems], [hosts, problems]));
  };
  return { dir, loads, settles };
}

test('good, bad, wrecked, good again, gone', async (context) => {
  const { dir, loads, settles } = await watched(context);
  const file = join(dir, 'a.yaml');
  const other = `---\n${serviceEntryFor('b', 'b.example')}`;
  writeFileSync(file, serviceEntryFor('a', 'a.example') + other);
  await settles('a=a.example b=b.example');
  writeFileSync(file, serviceEntryFor('a', '*') + other);
  await settles('a=a.example b=b.example', 1);
  match(loads.at(-1)?.problems[0]?.message ?? '', /its last good version stays in force/);
  writeFileSync(file, `a: [\n${other.replace('b.example', 'b2.example')}`);
  await settles('a=a.example b=b2.example', 1);
  writeFileSync(file, serviceEntryFor('a', 'a2.example') + other);
  await settles('a=a2.example b=b.example');
  rmSync(file);
  await settles('', 1);
});

test('a file that arrives in parts, each of which is no YAML', async (context) => {
  const { dir, settles } = await watched(context, (made) =>
    writeFileSync(join(made, 'a.yaml'), serviceEntryFor('a', 'a.example')),
  );
  await settles('a=a.example');
  const next = serviceEntryFor('a', 'next.example');
  const cut = next.indexOf('next.example');
  writeFileSync(join(dir, 'a.yaml'), next.slice(0, cut));
  await settles('a=a.example', 1);
  appendFileSync(join(dir, 'a.yaml'), next.slice(cut));
  await settles('a=next.example');
});

test('written aside and renamed', async (context) => {
  const { dir, settles } = await watched(context);
  for (const host of ['one.example', 'two.example']) {
    writeFileSync(join(dir, '.a.yaml.tmp'), serviceEntryFor('a', host));
    renameSync(join(dir, '.a.yaml.tmp'), join(dir, 'a.yaml'));
    await settles(`a=${host}`);
  }
});

test('a ConfigMap in a Pod: files are links through ..data, which is swapped', async (context) => {
  const version = (dir: string, name: string, host: string) => {
    mkdirSync(join(dir, name));
    writeFileSync(join(dir, name, 'a.yaml'), serviceEntryFor('a', host));
    symlinkSync(name, join(dir, '..data_tmp'));
    renameSync(join(dir, '..data_tmp'), join(dir, '..data'));
  };
  const { dir, settles } = await watched(context, (made) => {
    version(made, '..2026_01', 'one.example');
    symlinkSync('..data/a.yaml', join(made, 'a.yaml'));
  });
  await settles('a=one.example');
  version(dir, '..2026_02', 'two.example');
  rmSync(join(dir, '..2026_01'), { recursive: true });
  await settles('a=two.example');
});

test('all stays in force while the folder is away', async (context) => {
  const { dir, loads, settles } = await watched(context, (made) =>
    writeFileSync(join(made, 'a.yaml'), serviceEntryFor('a', 'a.example')),
  );
  await settles('a=a.example');
  renameSync(dir, `${dir}.away`);
  await settles('a=a.example', 1);
  equal(loads.at(-1)?.readable, false);
  mkdirSync(dir);
  writeFileSync(join(dir, 'b.yaml'), serviceEntryFor('b', 'b.example'));
  await settles('b=b.example');
  writeFileSync(join(dir, 'b.yaml'), serviceEntryFor('b', 'b2.example'));
  await settles('b=b2.example');
});

test('a folder in the place of a file', async (context) => {
  const { dir, settles } = await watched(context, (made) =>
    writeFileSync(join(made, 'a.yaml'), serviceEntryFor('a', 'a.example')),
  );
  rmSync(join(dir, 'a.yaml'));
  mkdirSync(join(dir, 'a.yaml'));
  await settles('a=a.example', 1);
  rmSync(join(dir, 'a.yaml'), { recursive: true });
  writeFileSync(join(dir, 'a.yaml'), serviceEntryFor('a', 'back.example'));
  await settles('a=back.example');
});

test('what says the same is no news, and an unchanged file is not read anew', async (context) => {
  const { dir, loads, settles } = await watched(context, (made) => {
    writeFileSync(join(made, 'a.yaml'), serviceEntryFor('a', 'a.example'));
    writeFileSync(join(made, 'b.yaml'), serviceEntryFor('b', 'b.example'));
  });
  writeFileSync(join(dir, 'a.yaml'), serviceEntryFor('a', 'a.example'));
  writeFileSync(join(dir, 'notes.txt'), 'x');
  writeFileSync(join(dir, 'b.yaml'), serviceEntryFor('b', 'b2.example'));
  await settles('a=a.example b=b2.example');
  deepEqual(
    loads.map(({ generation }) => generation),
    [1, 2],
  );
  equal(loads[1]?.set.grants[0], loads[0]?.set.grants[0], 'the very same grant');
});

test('closed before, while and after it reads: nothing is told any more, and nobody waits for ever', async (context) => {
  const dir = temporaryFolder(context);
  for (let at = 0; at < 20; at++) writeFileSync(join(dir, `f${at}.yaml`), serviceEntryFor(`n${at}`, 'a.example'));
  let late = 0;
  for (let turns = 0; turns < 40; turns++) {
    let closed = false;
    const watching = watchFolder(dir, () => {
      if (closed) late++;
    });
    for (let turn = 0; turn < turns; turn++) await setImmediate();
    closed = true;
    watching.close();
    await watching.ready;
  }
  const open = watchFolder(dir, () => undefined);
  context.after(open.close);
  await open.ready;
  equal(late, 0);
});

test('after close nothing more is told', async (context) => {
  const dir = temporaryFolder(context);
  let told = 0;
  const closed = watchFolder(dir, () => told++);
  await closed.ready;
  const open: Loaded[] = [];
  const watching = watchFolder(dir, (loaded) => open.push(loaded));
  context.after(watching.close);
  await watching.ready;
  closed.close();
  writeFileSync(join(dir, 'a.yaml'), serviceEntryFor('a', 'a.example'));
  await until(() => open.length === 2, 1_000);
  equal(told, 1);
});
