import { fileURLToPath } from 'node:url';
import type { Outcome } from '../../test/support/lab/run.ts';
import { bold, columns, dim, fitted, green, key, red } from './terminal.ts';

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
      const rule = '─'.repeat(Math.max(0, Math.min(columns() ?? RULE, RULE) - title.length - 4));
      console.log(`\n${bold(`── ${title} ${rule}`)}`);
      if (text !== '') console.log(text);
    },
    say: (text) => console.log(text),
    before: async (place, typed) => {
      if (!stepping) return;
      told = prompted(place, typed);
      process.stdout.write(`\n${told}\n${dim('[any key; q: enough]')}`);
      const pressed = await key();
      process.stdout.write('\r\u001b[K');
      if (pressed === 'enough') throw new Enough('enough');
    },
    show: (place, typed, outcome) => {
      const line = prompted(place, typed);
      console.log([...(line === told ? [] : ['', line]), ...answered(outcome)].join('\n'));
      told = '';
    },
    row: (what, expected, happened) => {
      rows.push({ chapter, what, expected, happened });
      const but = expected === happened ? '' : ` (expected: ${expected})`;
      console.log(`${mark(expected === happened)} ${fitted(`${what}: ${happened}${but}`, 2)}`);
    },
    table: () => tableLines(rows),
    allTrue: () => rows.length > 0 && rows.every(({ expected, happened }) => expected === happened),
  };
}

const RULE = 96;

function prompted(place: string, typed: string): string {
  return `${dim(place)}$ ${bold(typed.replaceAll(ROOT, './'))}`;
}

function answered({ code, stdout, stderr }: Outcome): readonly string[] {
  const answer = [stdout, withoutMeter(stderr)].map((text) => text.replaceAll('\r', '').trimEnd());
  return [...answer, code === 0 ? '' : dim(`(exit ${code})`)].filter((text) => text !== '');
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

/** What happened, and beneath it what was expected where that is something else. */
function tableLines(rows: readonly Row[]): string[] {
  const width = Math.max(...rows.map(({ what }) => what.length));
  return rows.flatMap((row) => {
    const right = row.expected === row.happened;
    const line = (chapter: string, what: string, text: string) =>
      fitted(`${chapter.padEnd(1)}  ${what.padEnd(width)}  ${text}`, 2);
    const happened = `${mark(right)} ${line(row.chapter, row.what, row.happened)}`;
    return right ? [happened] : [happened, `  ${dim(line('', '  expected', row.expected))}`];
  });
}
