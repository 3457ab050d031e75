import { existsSync } from 'node:fs';
import { must, run } from '../lab/run.ts';

/** What shows that it is there → its Debian package. */
const NEEDED = [
  ['/usr/sbin/haproxy', 'haproxy'],
  ['/usr/bin/tshark', 'tshark'],
] as const;

/** Installs what this test needs and nobody else; does nothing, at once, where scripts/setup has brought it. */
export async function installMissing(): Promise<void> {
  const missing = NEEDED.filter(([file]) => !existsSync(file)).map(([, name]) => name);
  if (missing.length === 0) return;
  const options = { env: { DEBIAN_FRONTEND: 'noninteractive' }, limitMs: 300_000 };
  const how = ['-qy', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=120'];
  await must(['apt-get', 'update', '-q'], options);
  await must(['apt-get', 'install', ...how, ...missing], options);
  // The package would leave a service running; where there is no systemd, none was started.
  if (missing.includes('haproxy')) await run(['systemctl', 'disable', '--now', 'haproxy']);
}
