import { ToolFailure } from './failure.ts';
import { run, runOrThrow } from './run.ts';

/** One element; `comment` is that of a set created with the `comment` extension. */
export type SetEntry = { readonly element: string; readonly comment: string | undefined };

/** Feeds `text` to `ipset restore`. Each line is a command of its own; only `swap` is atomic. */
export async function restoreSets(text: string): Promise<void> {
  await runOrThrow('ipset', ['restore', '-exist'], text);
}

/** Names of all sets of this namespace. */
export async function setNames(): Promise<readonly string[]> {
  const text = await runOrThrow('ipset', ['list', '-n']);
  return text.split('\n').filter((line) => line !== '');
}

/** The elements of a set in no order that means anything, or undefined if there is no such set. */
export async function setEntries(name: string): Promise<readonly SetEntry[] | undefined> {
  const ran = await run('ipset', ['save', name]);
  if (/does not exist/.test(ran.stderr)) return undefined;
  if (ran.code !== 0) throw new ToolFailure('ipset', 'refused', ran.stderr.trim());
  return ran.stdout.split('\n').flatMap((line) => {
    const [, element, comment] = /^add \S+ (\S+)(?: comment "([^"]*)")?/.exec(line) ?? [];
    return element === undefined ? [] : [{ element, comment }];
  });
}

/** Throws ToolFailure `refused` if a rule still refers to it. */
export async function destroySet(name: string): Promise<void> {
  await runOrThrow('ipset', ['destroy', name]);
}
