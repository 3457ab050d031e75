import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { execa } from 'execa';
import { ToolFailure, type ToolReason } from './failure.ts';

export type Ran = { readonly code: number; readonly stdout: string; readonly stderr: string };

// The administrator's tools live here on every distribution; an unprivileged user's PATH often lacks them.
const SYSTEM_FOLDERS = ['/usr/sbin', '/sbin', '/usr/bin', '/bin'];

// A dump of a set or a table with many thousand entries; beyond this something is wrong.
const OUTPUT_CAP_BYTES = 256 * 1024 * 1024;

/** Absolute path of a tool, or undefined. */
export function findTool(tool: string): string | undefined {
  return searchPath()
    .map((folder) => join(folder, tool))
    .find(isExecutable);
}

/** Runs a tool to its end and returns whatever it said; throws ToolFailure `missing` if there is none. */
export async function run(tool: string, args: readonly string[], input = ''): Promise<Ran> {
  const path = findTool(tool);
  if (path === undefined) throw new ToolFailure(tool, 'missing', '');
  const done = await execa(path, [...args], {
    input,
    reject: false,
    stripFinalNewline: false,
    maxBuffer: OUTPUT_CAP_BYTES,
    // The messages that are told apart below are those of the C locale.
    env: { LC_ALL: 'C', PATH: searchPath().join(delimiter) },
  });
  if (done.exitCode === undefined)
    throw new ToolFailure(tool, 'refused', done.shortMessage ?? 'did not run to its end');
  return { code: done.exitCode, stdout: done.stdout, stderr: done.stderr };
}

/** As `run`, but a status other than 0 throws. Returns what was printed. */
export async function runOrThrow(tool: string, args: readonly string[], input = ''): Promise<string> {
  const ran = await run(tool, args, input);
  if (ran.code !== 0) throw new ToolFailure(tool, reasonOf(ran), ran.stderr.trim());
  return ran.stdout;
}

/** iptables(8): status 4 is RESOURCE_PROBLEM, which it also uses for EPERM on the nft side: ask for that first. */
export function reasonOf(ran: Ran): ToolReason {
  if (/permission denied|operation not permitted|must be root/i.test(ran.stderr)) return 'denied';
  if (/xtables lock/i.test(ran.stderr)) return 'locked';
  return 'refused';
}

function searchPath(): readonly string[] {
  const own = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return [...own, ...SYSTEM_FOLDERS.filter((folder) => !own.includes(folder))];
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false; // absent and not executable are the same answer here
  }
}
