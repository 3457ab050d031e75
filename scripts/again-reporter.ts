import { relative, resolve } from 'node:path';
import type { EventData } from 'node:test';
import { literally } from '../test/support/literally.ts';

/** A reporter of node --test: for each test that failed the command that runs it alone, to be pasted into a shell. */
export default async function* again(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const path: string[] = [];
  const failed: Failed[] = [];
  for await (const { type, data } of source) {
    if (type === 'test:start') path.splice(data.nesting, path.length, data.name);
    // Of a suite it is each of its tests that is told.
    if (type !== 'test:fail' || (isOfSubtests(data) && data.details.type === 'suite')) continue;
    const names = [...path.slice(0, data.nesting), data.name];
    const file = data.entryFile ?? data.file ?? '';
    // A subtest runs only if its test does, which runs all of them.
    while (failed.at(-1)?.file === file && isBelow(names, failed.at(-1)?.names ?? [])) failed.pop();
    failed.push({ file, names });
  }
  const alone = failed.slice(0, TOLD_ALONE).map(commandOf);
  const files = failed.slice(TOLD_ALONE).map(({ file }) => commandOf({ file, names: [] }));
  for (const command of new Set([...alone, ...files])) yield `again: ${command}\n`;
}

type TestEvent =
  | { readonly type: 'test:start'; readonly data: EventData.TestStart }
  /** `entryFile`: of the run, where `file` may be one of test/support that a test was defined in. */
  | { readonly type: 'test:fail'; readonly data: EventData.TestFail & { readonly entryFile?: string } }
  | { readonly type: 'test:pass'; readonly data: EventData.TestPass };

/** A test by the names of its suites and its own. */
type Failed = { readonly file: string; readonly names: readonly string[] };

function isOfSubtests({ details }: EventData.TestFail): boolean {
  return 'failureType' in details.error && details.error.failureType === 'subtestsFailed';
}

function isBelow(above: readonly string[], names: readonly string[]): boolean {
  return names.length > above.length && above.every((name, at) => name === names[at]);
}

/** A file that ended before its tests did is told as a test of its own name. */
function commandOf({ file, names }: Failed): string {
  const shown = quoted(relative('', file));
  if (names.length === 0 || resolve(names[0] ?? '') === file) return `./scripts/test ${shown}`;
  return `./scripts/test --test-name-pattern=${quoted(`^${oneLine(literally(names.join(' ')))}$`)} ${shown}`;
}

function oneLine(pattern: string): string {
  return pattern.replaceAll(/\p{Cc}/gu, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

function quoted(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** More failures than this have one cause, which is not looked for test by test. */
const TOLD_ALONE = 10;
