import assert from 'node:assert/strict';
import { existsSync, symlinkSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { widthOf } from '../../scripts/story/width.ts';
import { must, outcomeText, run, start } from '../support/lab/run.ts';
import { keptLabs, labFolder, namespacesOf } from '../support/lab/teardown.ts';
import { waitFor } from '../support/lab/wait.ts';
import { onTerminal } from '../support/terminal.ts';

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

const QUESTION = '[any key; q: enough]';

test('on a terminal: coloured, no line too wide, nothing cut, and a key before each command', async () => {
  const columns = 72;
  const { code, shown } = await onTerminal(`${DEMO} --step`, {
    columns,
    question: QUESTION,
    key: ' ',
    limitMs: LIMIT_MS,
  });
  assert.equal(code, 0, shown);
  assert.ok(shown.includes('\u001b[32m✔\u001b[0m '), shown);

  const asked = shown.split(QUESTION).map((text) => stripVTControlCharacters(text).replaceAll('\r', ''));
  const lines = asked.join('').split('\n');
  assert.deepEqual(
    lines.filter((line) => widthOf(line) > columns),
    [],
  );
  const reason = 'from the mesh 503 Service Unavailable, server: weir, x-weir-reason: address-forbidden';
  assert.ok(lines.join(' ').replaceAll(/ +/g, ' ').includes(`✔ 6 ${reason}`), shown);

  const commands = asked.map((text) => text.match(/^(?:pod|node|gateway|ingress|ext)\$ /gm)?.length ?? 0);
  assert.ok(commands.length > 40 && asked.some((text) => /^gateway\$ \S+\/weir-agent gateway /m.test(text)), shown);
  assert.deepEqual(new Set(commands.slice(0, -1)), new Set([1]), shown);
  assert.equal(commands.at(-1), 0, shown);
});

test('no colour for whom it is not wanted, no escapes into a pipe; and q is enough', async () => {
  const sitting = { columns: 72, question: QUESTION, key: 'q', limitMs: LIMIT_MS };
  const [plain, piped] = await Promise.all([
    onTerminal(`${DEMO} --step`, { ...sitting, env: { NO_COLOR: '1' } }),
    onTerminal(`${DEMO} --step | cat`, sitting),
  ]);
  for (const { code, shown } of [plain, piped]) {
    assert.equal(code, 0, shown);
    assert.match(shown, /everything is removed again\r\n$/);
  }
  assert.equal(plain.shown.replaceAll('\u001b[K', '').includes('\u001b'), false, plain.shown);
  assert.equal(piped.shown.includes('\u001b'), false, piped.shown);
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
