/** The command itself: what it says of itself, and that what stands there can be typed. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { npmRun } from '../support/npm-run.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

test('--help goes to standard output, with examples that can be typed', async () => {
  const { code, stdout, stderr } = await npmRun('fuzz', '--help');
  assert.deepEqual([code, stderr], [0, '']);
  const examples = [...stdout.matchAll(/^ {2}npm run fuzz -- (.+)$/gm)].map(([, options = '']) => options.split(' '));
  assert.equal(examples.length, 2);
  for (const [target] of examples) assert.ok(existsSync(`${ROOT}test/fuzz/targets/${target}.ts`), target);
  const replay = examples.find((options) => options.includes('--replay')) ?? [];
  const replayed = await npmRun('fuzz', ...replay);
  assert.deepEqual([replayed.code, replayed.stderr], [0, '']);
  assert.match(replayed.stdout, /^the invariant holds$/m);
});

test('a wrong option is told on standard error, with the usage', async () => {
  const { code, stdout, stderr } = await npmRun('fuzz', '--helf');
  assert.deepEqual([code, stdout], [64, '']);
  assert.match(stderr, /^Unknown option '--helf'.*\nnpm run fuzz -- TARGET /);
});
