import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const build = fileURLToPath(new URL('driver/build', import.meta.url));

/** Its turns are short, so that flows give way to each other here too. */
const FLAGS = ['-O1', '-fno-omit-frame-pointer', '-fno-sanitize-recover=all', '-DTURN_BYTES=65536'];
const SEEDS = [1, 2, 3, 4];
const STEPS = 4_000;
const CONVERSATIONS = 60;

// They wait more than they compute.
describe('the core keeps its promises', { concurrency: true }, () => {
  for (const sanitizers of ['address,undefined', 'thread']) {
    test(`under -fsanitize=${sanitizers}`, async (t) => {
      const folder = await mkdtemp(join(tmpdir(), 'weir-core-'));
      t.after(() => rm(folder, { recursive: true, force: true }));
      const driver = join(folder, 'driver');
      await run(build, [driver, ...FLAGS, `-fsanitize=${sanitizers}`]);

      await t.test('scripted cases', async () => {
        const { stdout } = await sanitized(driver, []);
        assert.match(stdout, /^[1-9]\d* cases$/m);
      });
      for (const seed of SEEDS) {
        await t.test(`random sequence ${seed}`, async () => {
          const { stdout } = await sanitized(driver, ['random', String(seed), String(STEPS)]);
          assert.match(stdout, new RegExp(`^seed ${seed}: [1-9]\\d* flows`, 'm'));
        });
        await t.test(`random leases ${seed}`, async () => {
          const { stdout } = await sanitized(driver, ['leases', String(seed), String(CONVERSATIONS)]);
          assert.match(stdout, new RegExp(`^seed ${seed}: ${CONVERSATIONS} conversations, [1-9]\\d* exchanges`, 'm'));
        });
      }
    });
  }
});

/** Without address randomisation: with many random bits the shadow memory of the sanitizers may find no place. */
function sanitized(driver: string, args: readonly string[]): Promise<{ stdout: string }> {
  const env = { PATH: process.env['PATH'], ASAN_OPTIONS: 'detect_leaks=1', TSAN_OPTIONS: 'halt_on_error=1' };
  return run('setarch', ['-R', driver, ...args], { env, timeout: 60_000, maxBuffer: 16 * 1024 * 1024 });
}
