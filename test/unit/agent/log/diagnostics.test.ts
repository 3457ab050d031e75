import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

const PROGRAM = join(import.meta.dirname, '../../../support/fixture-programs/say-and-exit.ts');
const run = promisify(execFile);

test('messages are JSON on standard error, the last one too; standard output stays for the access log', async () => {
  const { stdout, stderr } = await run(process.execPath, [PROGRAM, '100']);
  assert.equal(stdout, '');
  const lines = stderr.trimEnd().split('\n');
  assert.equal(lines.length, 100);
  const last: unknown = JSON.parse(lines.at(-1) ?? '');
  assert.ok(typeof last === 'object' && last && 'time' in last);
  assert.deepEqual({ ...last, time: '' }, { level: 40, time: '', name: 'weir', at: 99, msg: 'something to act on' });
});

test('a standard error that nobody reads holds nobody up', async () => {
  const unread = `'${process.execPath}' '${PROGRAM}' 20000 2>&3`;
  // The shell holds the read end and reads nothing until the program has ended.
  const shell = `dir=$(mktemp -d); mkfifo "$dir/p"; exec 4<>"$dir/p" 3>"$dir/p"; rm -r "$dir"; ${unread}; echo "status $?"`;
  const { stdout } = await run('/bin/sh', ['-c', shell], { timeout: 10_000 });
  assert.equal(stdout, 'status 0\n');
});
