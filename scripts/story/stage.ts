import { fileURLToPath } from 'node:url';
import type { Outcome } from '../../test/support/lab/run.ts';
import { bold, dim, green, red } from './terminal.ts';

type Row = { readonly chapter: string; readonly what: string; readonly expected: string; readonly happened: string };

/** Where the story is told, and what became of it. */
export type Stage = {
  readonly chapter: (title: string, text: string) => void;
  readonly say: (text: string) => void;
  /** A command as typed in a place, and its real answer. */
  readonly show: (place: string, typed: string, outcome: Outcome) => void;
  /** One line of the table: true if what happened is what was expected, word for word. */
  readonly row: (what: string, expected: string, happened: string) => void;
  readonly table: () => string[];
  readonly allTrue: () => boolean;
};

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

export function makeStage(): Stage {
  const rows: Row[] = [];
  let chapter = '';
  return {
    chapter: (title, text) => {
      chapter = title.split('.')[0] ?? '';
      console.log(`\n${bold(`── ${title} ${'─'.repeat(Math.max(0, 90 - title.length))}`)}`);
      if (text !== '') console.log(text);
    },
    say: (text) => console.log(text),
    show: (place, typed, outcome) => console.log(shown(place, typed, outcome)),
    row: (what, expected, happened) => {
      rows.push({ chapter, what, expected, happened });
      console.log(`${mark(expected === happened)} ${what}: ${happened}`);
    },
    table: () => tableLines(rows),
    allTrue: () => rows.length > 0 && rows.every(({ expected, happened }) => expected === happened),
  };
}

function shown(place: string, typed: string, { code, stdout, stderr }: Outcome): string {
  const answer = [stdout, withoutMeter(stderr)].map((text) => text.replaceAll('\r', '').trimEnd());
  const command = typed.replaceAll(ROOT, './');
  return ['', `${dim(place)}$ ${bold(command)}`, ...answer, code === 0 ? '' : dim(`(exit ${code})`)]
    .filter((text, at) => at === 0 || text !== '')
    .join('\n');
}

/** curl draws a progress meter when it does not write to a terminal; a person would not see it. */
function withoutMeter(stderr: string): string {
  return stderr
    .split('\n')
    .map((line) => line.split('\r').at(-1) ?? '')
    .filter((line) => !/^ +% Total|^ +Dload|^ *\d+ +\d+ .*--:--:--/.test(line))
    .join('\n');
}

function mark(right: boolean): string {
  return right ? green('✔') : red('✘');
}

function tableLines(rows: readonly Row[]): string[] {
  const head: Row = { chapter: '', what: 'what', expected: 'expected', happened: 'happened' };
  const width = (key: keyof Row) => Math.max(...[head, ...rows].map((row) => row[key].length));
  const line = (row: Row) =>
    `${row.chapter.padEnd(1)}  ${row.what.padEnd(width('what'))}  ${row.expected.padEnd(width('expected'))}  ${row.happened}`;
  return [`  ${dim(line(head))}`, ...rows.map((row) => `${mark(row.expected === row.happened)} ${line(row)}`)];
}
