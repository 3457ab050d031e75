import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, symlinkSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { outcomeText, run } from '../support/lab/run.ts';

/** What each script in scripts/ promises before the program behind it begins. */
const SCRIPTS = fileURLToPath(new URL('../../scripts/', import.meta.url));
/** Not root, but able to read wherever the checkout lies. */
const NOT_ROOT =
  'setpriv --reuid=65534 --clear-groups --inh-caps=+dac_read_search --ambient-caps=+dac_read_search'.split(' ');

let folder: string;
before(async () => {
  folder = await mkdtemp(`${tmpdir()}/weir-doors-`);
});
after(() => rm(folder, { recursive: true }));

test('setup says nothing and takes no time when nothing is missing', async () => {
  const began = performance.now();
  const outcome = await run([`${SCRIPTS}setup`]);
  assert.deepEqual([outcome.code, outcome.stdout, outcome.stderr], [0, '', ''], outcomeText(outcome));
  assert.ok(performance.now() - began < 2000);
});

for (const script of ['setup', 'demo', 'test']) {
  test(`${script} says that it needs root`, async () => {
    const outcome = await run([...NOT_ROOT, SCRIPTS + script]);
    assert.equal(outcome.code, 69, outcomeText(outcome));
    assert.match(outcome.stderr, /needs root/);
  });
}

test('the demo explains itself to anybody', async () => {
  const outcome = await run([...NOT_ROOT, `${SCRIPTS}demo`, '--help']);
  assert.equal(outcome.code, 0, outcomeText(outcome));
  assert.match(outcome.stdout, /^Usage: .*--keep[\s\S]*--enter[\s\S]*--down/m);
});

for (const [program, words] of [
  ['weir-agent', ['explain', '--config', '.', '--from', 'default/sleep', '--to', 'aliyun.com:80', '--json']],
  ['weir-init', ['print']],
] as const) {
  test(`${program} works through a link, from another folder, without root`, async () => {
    const link = `${folder}/${program}-link`;
    symlinkSync(SCRIPTS + program, link);
    const outcome = await run([...NOT_ROOT, link, ...words], { cwd: folder });
    assert.equal(outcome.code, 0, outcomeText(outcome));
    assert.notEqual(outcome.stdout, '');
    assert.equal(outcome.stderr, '');
  });

  test(`${program} says how to get what it runs on`, async () => {
    const checkout = `${folder}/${program}-bare/scripts`;
    mkdirSync(checkout, { recursive: true });
    copyFileSync(SCRIPTS + program, `${checkout}/${program}`);
    const outcome = await run([`${checkout}/${program}`]);
    assert.equal(outcome.code, 69, outcomeText(outcome));
    assert.match(outcome.stderr, /^weir-\w+: .*npm ci.*\n$/);
  });
}
