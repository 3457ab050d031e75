import { must, run } from './run.ts';

/** Installs these packages; the services that they would leave running are stopped. */
export async function installDebian(packages: readonly string[], services: readonly string[]): Promise<void> {
  const options = { env: { DEBIAN_FRONTEND: 'noninteractive' }, limitMs: 300_000 };
  const how = ['-qy', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=120'];
  await must(['apt-get', 'update', '-q'], options);
  await must(['apt-get', 'install', ...how, ...packages], options);
  if (services.length === 0) return;
  await run(['systemctl', 'disable', '--now', ...services]); // where there is no systemd, none was started
}
