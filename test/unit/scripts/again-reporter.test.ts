/** What `./scripts/test` prints of tests that failed, pasted into a shell. */
import { deepEqual, equal } from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Outcome, outcomeText, run } from '../../support/lab/run.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

test('each command runs the test that failed, whatever its name, and no other', async () => {
  await using folder = await temporaryFolder();
  const names = [
    `it's "quoted"`,
    'in [brackets] (and more) {of them}',
    'Grüße – $HOME `id` \\d+ a|b *? ^.,',
    'of two\nlines',
    '/as written/i',
  ];
  // Beside each: the same name elsewhere, and a name that begins with it.
  const path = await written(
    folder.path,
    `for (const name of ${JSON.stringify(names)}) {
      describe("a suite's " + name, () => { test(name, fails); test(name + ' too', () => {}); });
      describe('another', () => { test(name, () => {}); });
    }`,
  );
  const commands = commandsOf(await pasted(`./scripts/test ${path}`));
  equal(commands.length, names.length);
  for (const command of commands) {
    const outcome = await pasted(command);
    deepEqual(countsOf(outcome), { tests: 1, fail: 1 }, outcomeText(outcome));
    deepEqual(commandsOf(outcome), [command]);
  }
});

test('a test whose subtests failed is run once', async () => {
  await using folder = await temporaryFolder();
  const path = await written(
    folder.path,
    `test('outer', async (t) => { await t.test('one', fails); await t.test('two', fails); });
    test('outer too', () => {});`,
  );
  const [command = '', ...more] = commandsOf(await pasted(`./scripts/test ${path}`));
  deepEqual(more, []);
  deepEqual(countsOf(await pasted(command)), { tests: 3, fail: 3 });
});

test('beyond ten it is the file, as it is where one cannot be loaded', async () => {
  await using folder = await temporaryFolder();
  const many = await written(folder.path, `for (let at = 0; at < 12; at++) test('test ' + at, fails);`);
  const commands = commandsOf(await pasted(`./scripts/test ${many}`));
  const whole = (command: string): boolean => !command.includes('pattern');
  deepEqual([commands.length, commands.filter(whole).length], [11, 1]);
  const broken = await written(folder.path, 'fails();');
  const told = commandsOf(await pasted(`./scripts/test ${broken}`));
  deepEqual([told.length, told.every(whole)], [1, true]);
});

test('options may follow the files', async () => {
  await using folder = await temporaryFolder();
  const path = await written(folder.path, `test('one', () => {}); test('two', () => {});`);
  const outcome = await pasted(`./scripts/test ${path} --test-name-pattern=two`);
  deepEqual(countsOf(outcome), { tests: 1, fail: 0 }, outcomeText(outcome));
});

async function written(folder: string, text: string): Promise<string> {
  const path = join(folder, 'own.test.ts');
  const begin = `import { describe, test } from 'node:test'; const fails = () => { throw new Error('so'); };`;
  await writeFile(path, `${begin}\n${text}\n`);
  return path;
}

function pasted(command: string): Promise<Outcome> {
  return run(['sh', '-c', command], { cwd: ROOT });
}

function commandsOf({ stdout }: Outcome): readonly string[] {
  return [...stdout.matchAll(/^again: (.*)$/gm)].map(([, command = '']) => command);
}

function countsOf({ stdout }: Outcome): Readonly<Record<'tests' | 'fail', number>> {
  const count = (of: string): number => Number(new RegExp(`^ℹ ${of} (\\d+)$`, 'm').exec(stdout)?.[1]);
  return { tests: count('tests'), fail: count('fail') };
}
