import { existsSync } from 'node:fs';
import { must, run } from '../support/lab/run.ts';
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
  const options = { env: { DEBIAN_FRONTEND: 'noninteractive' }, limitMs: 300_000 };
  const how = ['-qy', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=120'];
  await must(['apt-get', 'update', '-q'], options);
  await must(['apt-get', 'install', ...how, ...packages], options);
  const services = missing.map(({ contender }) => contender);
  await run(['systemctl', 'disable', '--now', ...new Set(services)]); // where there is no systemd, none was started
}
