import { equal, match } from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { versionText } from '../../../../agent/cli/version.ts';
import { temporaryFolder } from '../sources/temporary-folder.ts';

test('in a checkout the commit is named', () => {
  match(versionText(new URL('../../../../', import.meta.url)), /^\d+\.\d+\.\d+ \(commit [0-9a-f]{12}\)$/);
});

test('elsewhere it is unknown, and said so', (t) => {
  const dir = temporaryFolder(t);
  writeFileSync(join(dir, 'package.json'), '{"version": "1.2.3"}');
  equal(versionText(pathToFileURL(`${dir}/`)), '1.2.3 (commit unknown)');
});

test('a checkout whose path has spaces has a commit like any other', (t) => {
  const dir = join(temporaryFolder(t), 'two words');
  mkdirSync(dir);
  writeFileSync(join(dir, 'package.json'), '{"version": "1.2.3"}');
  const git = (...argv: readonly string[]): string => execFileSync('git', ['-C', dir, ...argv], { encoding: 'utf8' });
  git('init', '--quiet');
  git('-c', 'user.name=t', '-c', 'user.email=t@example.invalid', 'commit', '--quiet', '--allow-empty', '-m', 'first');
  const commit = git('rev-parse', '--short=12', 'HEAD').trim();
  equal(versionText(pathToFileURL(`${dir}/`)), `1.2.3 (commit ${commit})`);
});
