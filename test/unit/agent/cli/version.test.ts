import { equal, match } from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
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
