import type { BigIntStats } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Problem } from '../model/resource.ts';

/** One file of the folder: its text, or why there is none. `file` is the path as a person would type it. */
export type FileText =
  | { readonly file: string; readonly text: string }
  | { readonly file: string; readonly problem: Problem };

export type FolderText =
  | { readonly ok: true; readonly files: readonly FileText[] }
  | { readonly ok: false; readonly problem: Problem };

/**
 * Every file of a folder whose name ends in .yaml, .yml or .json and does not begin with a dot, in the order of names;
 * no sub-folders. Never throws: a file or folder that cannot be read becomes a Problem.
 */
export async function readFolderText(dir: string): Promise<FolderText> {
  try {
    const names = (await readdir(dir)).filter(isResourceFile).toSorted(byCodeUnit);
    const files: FileText[] = [];
    for (let at = 0; at < names.length; at += AT_ONCE) {
      const batch = await Promise.all(names.slice(at, at + AT_ONCE).map((name) => readFileText(join(dir, name))));
      files.push(...batch.filter((file) => file !== undefined));
    }
    return { ok: true, files };
  } catch (thrown) {
    return { ok: false, problem: fileProblem(dir, `the configuration folder cannot be read: ${reasonOf(thrown)}`) };
  }
}

export function isResourceFile(name: string): boolean {
  return !name.startsWith('.') && /\.(yaml|yml|json)$/.test(name);
}

/** What changes whenever the folder's content may have: names, and of each file identity, size and times. */
export async function fingerprint(dir: string): Promise<string> {
  try {
    const own = signature(await stat(dir, { bigint: true }));
    const names = (await readdir(dir)).filter(isResourceFile).toSorted(byCodeUnit);
    const parts: string[] = [own];
    for (const name of names) parts.push(name, await signatureOf(join(dir, name)));
    return parts.join('\n');
  } catch (thrown) {
    return reasonOf(thrown);
  }
}

/** Identity of a file or folder, links followed; the error's name where there is none. */
export async function signatureOf(path: string): Promise<string> {
  try {
    return signature(await stat(path, { bigint: true }));
  } catch (thrown) {
    return reasonOf(thrown);
  }
}

function signature({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
}

/** undefined: it was there when the folder was listed, and is gone. */
async function readFileText(file: string): Promise<FileText | undefined> {
  try {
    // Asked first, because opening a FIFO would wait for its writer.
    if (!(await stat(file)).isFile())
      return { file, problem: fileProblem(file, 'not a file; expected one, or another name') };
    for (let attempt = 1; ; attempt++) {
      const { bytes, torn } = await readWhole(file);
      if (bytes === undefined)
        return { file, problem: fileProblem(file, `larger than ${MAX_FILE_BYTES} bytes; expected it to be split`) };
      if (!torn || attempt === READ_ATTEMPTS) return decoded(file, bytes);
    }
  } catch (thrown) {
    if (codeOf(thrown) === 'ENOENT') return undefined;
    return { file, problem: fileProblem(file, `cannot be read: ${reasonOf(thrown)}`) };
  }
}

/** `torn`: somebody wrote while we read. */
async function readWhole(file: string): Promise<{ bytes: Uint8Array | undefined; torn: boolean }> {
  const handle = await open(file, 'r');
  try {
    const before = await handle.stat({ bigint: true });
    if (before.size > BigInt(MAX_FILE_BYTES)) return { bytes: undefined, torn: false };
    const bytes = await handle.readFile();
    return { bytes, torn: signature(before) !== signature(await handle.stat({ bigint: true })) };
  } finally {
    await handle.close();
  }
}

function decoded(file: string, bytes: Uint8Array): FileText {
  try {
    return { file, text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    return { file, problem: fileProblem(file, 'not UTF-8 text; expected YAML or JSON in UTF-8') };
  }
}

/** About 200 000 ServiceEntries; more in one file is a mistake, and would be held in memory. */
const MAX_FILE_BYTES = 64 * 1024 * 1024;
const AT_ONCE = 32;
const READ_ATTEMPTS = 3;

export function fileProblem(file: string, message: string): Problem {
  return { severity: 'error', position: { file, line: 1, column: 1 }, resource: undefined, path: '', message };
}

function reasonOf(thrown: unknown): string {
  const code = codeOf(thrown);
  if (code === undefined) throw thrown; // not the system's answer, so a bug of ours
  return REASONS.get(code) ?? code;
}

const REASONS: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'it does not exist (ENOENT)'],
  ['EACCES', 'permission denied (EACCES)'],
  ['ENOTDIR', 'it is not a folder (ENOTDIR)'],
  ['EISDIR', 'it is a folder (EISDIR)'],
]);

function codeOf(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error) || !('code' in thrown)) return undefined;
  return typeof thrown.code === 'string' ? thrown.code : undefined;
}

function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
