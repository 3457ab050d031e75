import { runOrThrow } from './run.ts';

/** Whether the interface has the flag UP. Asks netlink, as /sys shows the namespace in which it was mounted. */
export async function isUp(device: string): Promise<boolean> {
  const flags = /<([^>]*)>/.exec(await runOrThrow('ip', ['link', 'show', 'dev', device]))?.[1] ?? '';
  return flags.split(',').includes('UP');
}

export async function bringUp(device: string): Promise<void> {
  await runOrThrow('ip', ['link', 'set', 'dev', device, 'up']);
}
