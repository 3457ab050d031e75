import { existsSync } from 'node:fs';
import { installDebian } from '../support/lab/debian.ts';
import type { Contender } from './contender.ts';

/** What only the bench needs: the file that shows that it is there, the Debian package that brings it, for whom. */
const NEEDED = [
  { file: '/usr/sbin/haproxy', package: 'haproxy', contender: 'haproxy' },
  { file: '/usr/sbin/nginx', package: 'nginx-light', contender: 'nginx' },
  { file: '/usr/lib/nginx/modules/ngx_stream_module.so', package: 'libnginx-mod-stream', contender: 'nginx' },
  { file: '/usr/sbin/redsocks', package: 'redsocks', contender: 'redsocks' },
] as const;

/** Installs what these contenders need and is not there; their services are not left running. */
export async function install(contenders: readonly Contender[]): Promise<void> {
  const missing = NEEDED.filter(
    ({ file, contender }) => contenders.some(({ name }) => name.startsWith(contender)) && !existsSync(file),
  );
  if (missing.length === 0) return;
  const packages = [...new Set(missing.map((each) => each.package))];
  process.stderr.write(`bench: installing ${packages.join(', ')} (for the bench alone)\n`);
  await installDebian(packages, [...new Set(missing.map(({ contender }) => contender))]);
}
