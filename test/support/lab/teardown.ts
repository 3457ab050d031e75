import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs';

/**
 * What a lab leaves on the machine, and how it goes away. Everything stands under one name: namespaces NAME-…,
 * /etc/netns/NAME-…, the folder /run/weir-lab/NAME. The folder tells the owner; the lab of a dead owner is removed by
 * the next one. All of it is synchronous, since it also runs in the last moments of a process.
 */
const ROOT = '/run/weir-lab';

export function labFolder(name: string): string {
  return `${ROOT}/${name}`;
}

/** Makes the lab's folder and writes down who owns it. Fails if the name is taken. */
export function claim(name: string): string {
  mkdirSync(ROOT, { recursive: true });
  mkdirSync(labFolder(name), { mode: 0o755 });
  writeFileSync(`${labFolder(name)}/owner`, `${process.pid} ${startTime(process.pid)}\n`);
  return labFolder(name);
}

/** From now on the lab outlives its owner: only `removeLab` takes it away. */
export function keepLab(name: string): void {
  writeFileSync(`${labFolder(name)}/kept`, '');
  mine.delete(name);
}

/** Names of labs that were kept on purpose, the newest last. */
export function keptLabs(): string[] {
  const keptAt = (name: string) => statSync(`${labFolder(name)}/kept`, { throwIfNoEntry: false })?.mtimeMs;
  return labs()
    .filter((name) => keptAt(name) !== undefined)
    .sort((a, b) => (keptAt(a) ?? 0) - (keptAt(b) ?? 0));
}

/** Removes labs whose owner is dead and did not keep them. */
export function removeStaleLabs(): void {
  for (const name of labs()) {
    if (existsSync(`${labFolder(name)}/kept`) || ownerLives(name)) continue;
    removeLab(name);
  }
}

/** Ends every process in the lab's namespaces, then removes namespaces, folders and all. Twice is once. */
export function removeLab(name: string): void {
  const namespaces = namespacesOf(name);
  for (let round = 0; round < 100; round++) {
    const pids = namespaces.flatMap((netns) => ipText('netns', 'pids', netns).split('\n')).filter((pid) => pid !== '');
    if (pids.length === 0) break;
    for (const pid of pids) killHard(Number(pid));
    spawnSync('sleep', ['0.02']); // the kernel needs a moment; nothing else can run now
  }
  for (const netns of namespaces) {
    ipText('netns', 'del', netns);
    rmSync(`/etc/netns/${netns}`, { recursive: true, force: true });
  }
  rmSync(labFolder(name), { recursive: true, force: true });
  removeIfEmpty(ROOT);
  removeIfEmpty('/etc/netns');
  mine.delete(name);
}

/** Namespaces of this lab that stand now: NAME-node, NAME-ext, NAME-pod, … */
export function namespacesOf(name: string): string[] {
  return ipText('netns', 'list')
    .split('\n')
    .map((line) => line.split(' ')[0] ?? '')
    .filter((netns) => netns.startsWith(`${name}-`));
}

const mine = new Set<string>();
let watching = false;

/** The lab goes away with this process, however it ends; only SIGKILL is left to `removeStaleLabs`. */
export function removeAtExit(name: string): void {
  mine.add(name);
  if (watching) return;
  watching = true;
  process.on('exit', removeMine);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      removeMine();
      process.kill(process.pid, signal); // the handler is gone: now it ends us as whoever sent it expects
    });
  }
}

function removeMine(): void {
  for (const name of mine) removeLab(name);
}

function labs(): string[] {
  return existsSync(ROOT) ? readdirSync(ROOT) : [];
}

function ownerLives(name: string): boolean {
  const file = `${labFolder(name)}/owner`;
  if (!existsSync(file)) return true; // being made at this moment
  const [pid = '', started = ''] = readFileSync(file, 'utf8').trim().split(' ');
  return startTime(Number(pid)) === started;
}

/** Field 22 of /proc/PID/stat, which tells a process from a later one with the same number; empty if there is none. */
function startTime(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return ''; // no such process: that is the answer
  }
}

function killHard(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    return; // it ended by itself meanwhile
  }
}

function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    return; // another lab still stands there, or it never was
  }
}

function ipText(...argv: string[]): string {
  return spawnSync('ip', argv, { encoding: 'utf8' }).stdout ?? '';
}
