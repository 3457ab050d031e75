import { spawnSync } from 'node:child_process';
import { keptLabs, labFolder, namespacesOf, removeLab, removeStaleLabs } from '../../test/support/lab/teardown.ts';
import { bold } from './terminal.ts';

export function tellHowToEnter(name: string): void {
  console.log(`
The world stands: ${name}. Go in and try:
  ${bold('./scripts/demo --enter pod')}
    curl -I http://aliyun.com
  ${bold('./scripts/demo --enter node')}
    ls ${labFolder(name)}/config
    tail -f ${labFolder(name)}/access.log
Remove it:
  ${bold('./scripts/demo --down')}
`);
}

/** A shell, or one command, in a place of the world that was kept last; its exit code. */
export function enterKept(place: string, command: readonly string[]): number {
  const name = keptLabs().at(-1);
  if (name === undefined) return complain('no world was kept: run ./scripts/demo --keep first', 1);
  const netns = `${name}-${place}`;
  if (!namespacesOf(name).includes(netns)) return complain(`expected pod, node or ext, not "${place}"`, 64);
  // A proxy of the machine cannot be reached from in there.
  const own = Object.entries(process.env).filter(([key]) => !/_proxy$/i.test(key));
  const env = { ...Object.fromEntries(own), CURL_CA_BUNDLE: `${labFolder(name)}/ca.pem`, PS1: `${place}# ` };
  const shell = command.length > 0 ? command : ['bash', '--norc', '-i'];
  return spawnSync('ip', ['netns', 'exec', netns, ...shell], { stdio: 'inherit', env }).status ?? 1;
}

/** All that was kept, or this one. */
export function removeKept(only: string | undefined): void {
  removeStaleLabs();
  const names = keptLabs().filter((name) => only === undefined || name === only);
  for (const name of names) {
    removeLab(name);
    console.log(`removed ${name}`);
  }
  if (names.length === 0) console.log('nothing was kept');
}

function complain(message: string, code: number): number {
  console.error(`demo: ${message}`);
  return code;
}
