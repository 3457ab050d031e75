import { existsSync } from 'node:fs';
import { installDebian } from '../lab/debian.ts';

/** What shows that it is there → its Debian package. */
const NEEDED = [
  ['/usr/sbin/haproxy', 'haproxy'],
  ['/usr/bin/tshark', 'tshark'],
] as const;

/** Installs what this test needs and nobody else; does nothing, at once, where scripts/setup has brought it. */
export async function installMissing(): Promise<void> {
  const missing = NEEDED.filter(([file]) => !existsSync(file)).map(([, name]) => name);
  if (missing.length === 0) return;
  await installDebian(
    missing,
    missing.filter((name) => name === 'haproxy'),
  );
}
