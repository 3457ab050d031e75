/** The command itself: what it says of itself, and that what stands there can be typed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { npmRun } from '../support/npm-run.ts';
import { readOptions } from './options.ts';

test('--help goes to standard output, tells every option, and has examples that can be typed', async () => {
  const { code, stdout, stderr } = await npmRun('bench', '--help');
  assert.deepEqual([code, stderr], [0, '']);
  const examples = [...stdout.matchAll(/^ {2}npm run bench -- (.+)$/gm)].map(([, options = '']) => options.split(' '));
  assert.equal(examples.length, 2);
  for (const options of examples) assert.equal(readOptions(options).writeDocs, false, 'the page needs a whole run');

  const [usage = '', ...told] = stdout.split('\n\n');
  const options = [...usage.matchAll(/\[(--[a-z-]+)/g)].map(([, name = '']) => name);
  assert.ok(options.length > 10, 'the usage was not found');
  assert.deepEqual(
    options.filter((name) => !told.join('\n').includes(`  ${name} `)),
    [],
  );
});

test('a wrong option is told on standard error, with the usage', async () => {
  const { code, stdout, stderr } = await npmRun('bench', '--helf');
  assert.deepEqual([code, stdout], [1, '']);
  assert.match(stderr, /^Unknown option '--helf'.*\nnpm run bench -- /);
});
