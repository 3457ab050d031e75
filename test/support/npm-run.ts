import { fileURLToPath } from 'node:url';
import { type Outcome, run } from './lab/run.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** As `npm run SCRIPT -- OPTIONS` does from the root of the checkout, without the time that npm takes. */
export function npmRun(script: 'bench' | 'fuzz', ...options: readonly string[]): Promise<Outcome> {
  return run([process.execPath, '--disable-warning=ExperimentalWarning', `test/${script}/main.ts`, ...options], {
    cwd: ROOT,
  });
}
