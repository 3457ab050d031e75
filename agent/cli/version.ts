import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** `0.1.0 (commit 1a2b3c4)`; the commit from a build's stamp or the checkout, `unknown` where neither tells. */
export function versionText(root: URL): string {
  const { version } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as { version: string };
  return `${version} (commit ${commitOf(root)})`;
}

function commitOf(root: URL): string {
  try {
    const folder = fileURLToPath(root);
    // A checkout of another user's is read all the same: only its commit is asked for (git-config, safe.directory).
    const git = ['-c', `safe.directory=${folder}`, '-C', folder, 'rev-parse', '--short=12', 'HEAD'];
    return execFileSync('git', git, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return 'unknown'; // no git, or no checkout: an image says it by its tag
  }
}
