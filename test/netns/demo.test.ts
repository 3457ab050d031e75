import assert from 'node:assert/strict';
import { existsSync, symlinkSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { must, outcomeText, run, start } from '../support/lab/run.ts';
import { keptLabs, labFolder, namespacesOf } from '../support/lab/teardown.ts';
import { waitFor } from '../support/lab/wait.ts';

const DEMO = fileURLToPath(new URL('../../scripts/demo', import.meta.url));
const LIMIT_MS = 300_000;
let folder: string;
before(async () => {
  folder = await mkdtemp(`${tmpdir()}/weir-demo-test-`);
});
after(() => rm(folder, { recursive: true }));

test('the story is true, from any folder and through a link, and leaves nothing behind', async () => {
  symlinkSync(DEMO, `${folder}/weir-story`);
  const outcome = await run(['./weir-story'], { cwd: folder, limitMs: LIMIT_MS });
  assert.equal(outcome.code, 0, outcomeText(outcome));
  assert.match(outcome.stdout, /^pod\$ curl -I http:\/\/aliyun\.com\nHTTP\/1\.1 502 Bad Gateway$/m);
  assert.match(outcome.stdout, /^pod\$ curl -I http:\/\/aliyun\.com\nHTTP\/1\.1 301 Moved Permanently$/m);
  assert.ok(!outcome.stdout.includes('✘') && !outcome.stdout.includes('\u001b'), outcome.stdout);
  const name = /weir-demo-\d+/.exec(outcome.stdout)?.[0] ?? '';
  assert.deepEqual(namespacesOf(name), []);
  assert.ok(!existsSync(labFolder(name)) && !existsSync(`/etc/netns/${name}-pod`));
});

test('a world that is kept can be entered and taken down', async () => {
  const before = new Set(keptLabs());
  const outcome = await run([DEMO, '--keep'], { limitMs: LIMIT_MS });
  assert.equal(outcome.code, 0, outcomeText(outcome));
  const name = keptLabs().find((each) => !before.has(each)) ?? '';
  assert.equal(namespacesOf(name).length, 5);
  const inside = await must([DEMO, '--enter', 'pod', 'curl', '-sI', 'http://aliyun.com']);
  assert.match(inside.stdout, /^HTTP\/1\.1 301 /);
  const again = await run([DEMO, '--enter', 'pod', 'curl', '-sI', 'https://aliyun.com']);
  assert.equal(again.code, 35, outcomeText(again));
  assert.match((await must([DEMO, '--down', name])).stdout, new RegExp(`^removed ${name}$`, 'm'));
  assert.deepEqual(namespacesOf(name), []);
  assert.ok(!existsSync(labFolder(name)));
});

test('^C in the middle leaves nothing behind', async () => {
  const demo = start([DEMO], `${folder}/interrupted`);
  const name = await waitFor('the first command', () => /weir-demo-\d+/.exec(demo.stdout())?.[0], {
    limitMs: LIMIT_MS,
    told: () => demo.stdout() + demo.stderr(),
  });
  demo.kill('SIGINT');
  await waitFor('its end', () => demo.code() !== undefined);
  assert.equal(demo.code(), 130);
  assert.deepEqual(namespacesOf(name), []);
  assert.ok(!existsSync(labFolder(name)));
});

test('step by step needs a terminal', async () => {
  const outcome = await run([DEMO, '--step']);
  assert.deepEqual([outcome.code, outcome.stderr], [64, 'demo: --step needs a terminal\n']);
});

test('a wrong option is told, with the usage', async () => {
  const outcome = await run([DEMO, '--foo']);
  assert.equal(outcome.code, 64);
  assert.match(outcome.stderr, /'--foo'[\s\S]*^Usage: /m);
});
