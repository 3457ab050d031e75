import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { loadAddon } from '../../../../agent/native/load.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../../../', import.meta.url));

/** A checkout of its own, without an addon. */
async function checkout(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'weir-build-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  for (const part of ['addon.c', 'build', 'core']) {
    await cp(join(root, 'agent/native', part), join(folder, 'agent/native', part), { recursive: true });
  }
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  return join(folder, 'agent/native');
}

test('the addon loads and has its functions', () => {
  assert.equal(loadAddon(), loadAddon());
});

test('two builds at once: one works, says one line, and a third has nothing to do', async (t) => {
  const native = await checkout(t);
  const both = await Promise.all([run(join(native, 'build')), run(join(native, 'build'))]);
  assert.deepEqual(both.map(({ stderr }) => stderr).sort(), ['', 'weir: building the native addon\n']);
  assert.deepEqual((await readdir(native)).sort(), ['.build', 'addon.c', 'build', 'core', 'weir.node']);
  assert.deepEqual(await readdir(join(native, '.build')), ['lock']);
  assert.deepEqual(await run(join(native, 'build')), { stdout: '', stderr: '' });
});

test('without a compiler the reason and the remedy are named', async (t) => {
  const native = await checkout(t);
  const tools = await mkdtemp(join(tmpdir(), 'weir-path-'));
  t.after(() => rm(tools, { recursive: true, force: true }));
  for (const tool of ['bash', 'dirname', 'readlink', 'find']) await symlink(`/usr/bin/${tool}`, join(tools, tool));
  const failed = await run('/bin/bash', [join(native, 'build')], { env: { PATH: tools } }).then(
    () => assert.fail('it built without a compiler'),
    (error: { code: number; stderr: string }) => error,
  );
  assert.equal(failed.code, 69);
  assert.match(failed.stderr, /cannot be built: no C compiler \(cc\); on Debian: apt-get install gcc/);
});
