import { fileURLToPath } from 'node:url';
import type { Outcome } from '../../test/support/lab/run.ts';
import { bold, columns, dim, green, key, red } from './terminal.ts';
import { folded, foldedCommand } from './width.ts';

type Row = { readonly chapter: string; readonly what: string; readonly expected: string; readonly happened: string };

/** Where the story is told, and what became of it. */
export type Stage = {
  readonly chapter: (title: string, text: string) => void;
  readonly say: (text: string) => void;
  /** In a story that goes step by step: tells which command comes, and waits for a key. Throws Enough. */
  readonly before: (place: string, typed: string) => Promise<void>;
  /** A command as typed in a place, and its real answer. */
  readonly show: (place: string, typed: string, outcome: Outcome) => void;
  /** One line of the table: true if what happened is what was expected, word for word. */
  readonly row: (what: string, expected: string, happened: string) => void;
  readonly table: () => string[];
  readonly allTrue: () => boolean;
};

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Whoever steps through the story has seen enough of it. */
export class Enough extends Error {}

/** `stepping`: every command waits for a key. */
export function makeStage(stepping: boolean): Stage {
  const rows: Row[] = [];
  let chapter = '';
  let told = '';
  return {
    chapter: (title, text) => {
      chapter = title.split('.')[0] ?? '';
      const rule = '─'.repeat(Math.max(0, Math.min(columns(), RULE) - title.length - 4));
      console.log(`\n${bold(`── ${title} ${rule}`)}`);
      if (text !== '') console.log(hung(text, 0));
    },
    say: (text) => console.log(answered(text)),
    before: async (place, typed) => {
      if (!stepping) return;
      told = typed;
      console.log(`\n${prompted(place, typed)}`);
      if ((await key(dim('[any key; q: enough]'))) === 'enough') throw new Enough('enough');
    },
    show: (place, typed, outcome) => {
      const lines = [...(typed === told ? [] : ['', prompted(place, typed)]), ...answers(outcome)];
      if (lines.length > 0) console.log(lines.join('\n'));
      told = '';
    },
    row: (what, expected, happened) => {
      rows.push({ chapter, what, expected, happened });
      const but = expected === happened ? '' : ` (expected: ${expected})`;
      console.log(`${mark(expected === happened)} ${hung(`${what}: ${happened}${but}`, 2)}`);
    },
    table: () => tableLines(rows),
    allTrue: () => rows.length > 0 && rows.every(({ expected, happened }) => expected === happened),
  };
}

const RULE = 96;

function prompted(place: string, typed: string): string {
  const taken = place.length + 2;
  const lines = foldedCommand(typed.replaceAll(ROOT, './'), columns() - taken);
  return `${dim(place)}$ ${lines.map(bold).join(beneath(taken))}`;
}

function answers({ code, stdout, stderr }: Outcome): readonly string[] {
  const answer = [stdout, withoutMeter(stderr)].map((text) => text.replaceAll('\r', '').trimEnd());
  return [...answer.map(answered), code === 0 ? '' : dim(`(exit ${code})`)].filter((text) => text !== '');
}

/** curl draws a progress meter when it does not write to a terminal; a person would not see it. */
function withoutMeter(stderr: string): string {
  return stderr
    .split('\n')
    .map((line) => line.split('\r').at(-1) ?? '')
    .filter((line) => !/^ +% Total|^ +Dload|^ *\d+ +\d+ .*--:--:--/.test(line))
    .join('\n');
}

/** Each line goes on a little further in than it began. */
function answered(text: string): string {
  const lines = text.split('\n').map((line) => {
    const indent = line.length - line.trimStart().length;
    return folded(line, columns()).length === 1 ? line : ' '.repeat(indent) + hung(line.trimStart(), indent + 2);
  });
  return lines.join('\n');
}

/** A text that begins in this column of its line, and stays there. */
function hung(text: string, column: number): string {
  return folded(text, columns() - column).join(beneath(column));
}

function beneath(column: number): string {
  return `\n${' '.repeat(column)}`;
}

function mark(right: boolean): string {
  return right ? green('✔') : red('✘');
}

/** What happened, and beneath it what was expected where that is something else. */
function tableLines(rows: readonly Row[]): string[] {
  const width = Math.max(...rows.map(({ what }) => what.length));
  return rows.flatMap(({ chapter, what, expected, happened }) => {
    const right = expected === happened;
    const told = `${mark(right)} ${chapter}  ${inTable(what, happened, width)}`;
    return right ? [told] : [told, `     ${dim(inTable('  expected', expected, width))}`];
  });
}

/** Columns of a text that can still be read beside another. */
const READABLE = 28;

/** A cell and its text beside it, or behind it where the terminal is too narrow for two. */
function inTable(cell: string, text: string, width: number): string {
  const column = 5 + width + 2; // behind mark and chapter
  if (columns() - column < READABLE) return hung(`${cell}: ${text}`, 5);
  return `${cell.padEnd(width)}  ${hung(text, column)}`;
}
