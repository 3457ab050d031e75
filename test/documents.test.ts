/** The documents name what exists, and all that a user can meet: reason codes, metrics, keys of the access line. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { before, test } from 'node:test';
import { createMetrics } from '../agent/admin/metrics.ts';
import { runCheck } from '../agent/cli/check.ts';
import { formatLine } from '../agent/log/format.ts';
import { accessRecord } from './support/access-record.ts';
import { commandsOf } from './support/documents/commands.ts';
import { everyHelp, optionsOf } from './support/documents/help.ts';
import { anchorsOf, blocksOf, linksOf, rowsBelow } from './support/documents/markdown.ts';
import { PAGES, pageText, ROOT } from './support/documents/pages.ts';
import { writeResources } from './support/lab/agent.ts';
import { must } from './support/lab/run.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

for (const page of PAGES) {
  test(`${page}: every file that it names is there`, () => {
    const named = pageText(page).matchAll(/`((?:agent|init|test|scripts|docs)\/[\w./-]+)`/g);
    const missing = [...named].map(([, path = '']) => path).filter((path) => !existsSync(ROOT + path));
    assert.deepEqual(missing, []);
  });

  test(`${page}: every link leads somewhere`, () => {
    const dead = linksOf(pageText(page)).filter(({ path, anchor }) => {
      const target = path === '' ? page : join(dirname(page), path);
      if (!existsSync(ROOT + target)) return true;
      return anchor !== undefined && !anchorsOf(pageText(target)).has(anchor);
    });
    assert.deepEqual(dead, []);
  });
}

test('docs/refusals.md tells every reason code with cause and remedy, each once, and no other', () => {
  const rows = [
    'Refused by policy',
    'Refused for what was sent',
    'Admitted, but not reached',
    'Ended for other reasons',
    'Let through',
  ].flatMap((title) => rowsBelow(pageText('docs/refusals.md'), `## ${title}`));
  const told = rows.flatMap(([codes = '']) => [...codes.matchAll(/`([a-z0-9-]+)`/g)].map(([, code = '']) => code));
  const codes = new Set([
    ...codesOf('failure.ts', 'FailureCode'),
    ...codesOf('verdict.ts', 'DenyReason'),
    ...codesOf('verdict.ts', 'AllowReason'),
  ]);
  assert.ok(codes.size > 20, 'the unions were not found');
  assert.deepEqual(told.toSorted(), [...codes].toSorted());
  const bare = rows.filter((cells) => cells.slice(-2).some((cell) => cell.length < 10));
  assert.deepEqual(bare, []);
});

/** The members of a union of texts in agent/model, comments left out. */
function codesOf(file: string, type: string): readonly string[] {
  const source = readFileSync(`${ROOT}agent/model/${file}`, 'utf8').replaceAll(/\/\*\*[\s\S]*?\*\//g, '');
  const union = new RegExp(`export type ${type} =([^;]*);`).exec(source)?.[1] ?? '';
  return [...union.matchAll(/'([^']+)'/g)].map(([, code = '']) => code);
}

test('docs/operate.md tells every metric, and no other', async () => {
  const metrics = createMetrics({
    openFlows: () => 0,
    acceptPaused: () => false,
    registryGeneration: () => 0,
    configProblems: () => ({ errors: 0, warnings: 0 }),
    accessLogDropped: () => 0,
  });
  const names = [...(await metrics.text()).matchAll(/^# TYPE (\w+) /gm)].map(([, name = '']) => name);
  assert.ok(names.length > 5, 'the metrics were not found');
  assert.deepEqual([...namesIn('docs/operate.md', /`(weir_\w+)/g)].toSorted(), names.toSorted());
});

test('docs/operate.md tells every key of the access line, in its order, and no other', () => {
  const line: unknown = JSON.parse(formatLine(accessRecord(), 'json'));
  const rows = rowsBelow(pageText('docs/operate.md'), '### Keys');
  const told = rows.flatMap(([keys = '']) => [...keys.matchAll(/`(\w+)`/g)].map(([, key = '']) => key));
  assert.deepEqual(told, Object.keys(Object(line)));
});

function namesIn(page: string, pattern: RegExp): ReadonlySet<string> {
  return new Set([...pageText(page).matchAll(pattern)].map(([, name = '']) => name));
}

test('ARCHITECTURE.md: ten invariants, each with tests that are there', () => {
  const rows = rowsBelow(pageText('ARCHITECTURE.md'), '## Invariants');
  assert.deepEqual(
    rows.map(([number]) => number),
    ['1', '2', '3', '4', '5', '6', '7', '8', '9', '10'],
  );
  for (const [number, , heldBy = ''] of rows) {
    const tests = [...heldBy.matchAll(/`(test\/[^`]+)`/g)].map(([, path = '']) => path);
    assert.ok(tests.length > 0, `invariant ${number} names no test`);
    for (const path of tests)
      assert.ok(path.endsWith('.test.ts') && existsSync(ROOT + path), `invariant ${number}: ${path} is no test file`);
  }
});

const DOCUMENTED = ['README.md', ...PAGES.filter((page) => page.startsWith('docs/'))];

for (const page of DOCUMENTED) {
  const blocks = blocksOf(pageText(page)).filter(({ language }) => language === 'yaml');
  for (const { text, line, comment } of blocks) {
    if (comment?.startsWith('incomplete')) continue;
    test(`${page}:${line}: the YAML passes weir-agent check --strict`, async () => {
      await using folder = await temporaryFolder();
      const { path: config } = folder;
      writeResources(config, { 'block.yaml': `${text}\n` });
      const { code, output } = await runCheck({ config, strict: true, json: false });
      assert.equal(code, 0, output);
    });
  }
}

let options: ReadonlyMap<string, ReadonlySet<string>>;
before(async () => {
  const demo = optionsOfUsage((await must([`${ROOT}scripts/demo`, '--help'])).stdout);
  const helps = [...(await everyHelp())].map(([program, help]) => [program, optionsOf(help)] as const);
  options = new Map<string, ReadonlySet<string>>([...helps, ['demo', demo], ['setup', new Set()], ['test', new Set()]]);
});

function optionsOfUsage(usage: string): ReadonlySet<string> {
  return new Set([...usage.matchAll(/^ {2}--([a-z-]+)/gm)].map(([, name = '']) => name));
}

for (const page of DOCUMENTED) {
  const commands = blocksOf(pageText(page))
    .filter(({ language }) => language === 'sh')
    .flatMap(commandsOf);
  if (commands.length === 0) continue;
  test(`${page}: its commands have the options that they are given`, () => {
    const wrong = commands.filter(({ program, options: given }) => {
      const known = options.get(program);
      return known === undefined || given.some((name) => !known.has(name));
    });
    assert.deepEqual(wrong, []);
  });
}

test('what is checked is there to be checked', () => {
  const blocks = DOCUMENTED.flatMap((page) => blocksOf(pageText(page)));
  const ours = blocks.filter(({ language }) => language === 'sh').flatMap(commandsOf);
  assert.ok(ours.length > 20 && blocks.filter(({ language }) => language === 'yaml').length > 5);
  assert.ok(ours.some(({ program, options: given }) => program === 'weir-agent run' && given.includes('netns')));
});
