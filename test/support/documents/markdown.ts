/** What of Markdown our documents use: headings, links, fenced blocks. */

export type Block = {
  /** `sh`, `yaml`, … as it stands behind the fence; empty if nothing does. */
  readonly language: string;
  readonly text: string;
  /** Of the fence, from 1. */
  readonly line: number;
  /** The nearest heading above. */
  readonly heading: string;
  /** The HTML comment just above; undefined: there is none. */
  readonly comment: string | undefined;
};

export function blocksOf(page: string): readonly Block[] {
  const blocks: Block[] = [];
  const lines = page.split('\n');
  let heading = '';
  for (let at = 0; at < lines.length; at++) {
    heading = headingText(lines[at]) ?? heading;
    const language = /^```(\w*)$/.exec(lines[at] ?? '')?.[1];
    if (language === undefined) continue;
    const end = lines.indexOf('```', at + 1);
    if (end === -1) throw new Error(`the block of line ${at + 1} has no end`);
    const comment = /^<!-- (.*) -->$/.exec(lines[at - 1] ?? '')?.[1];
    blocks.push({ language, text: lines.slice(at + 1, end).join('\n'), line: at + 1, heading, comment });
    at = end;
  }
  return blocks;
}

export type Link = { readonly path: string; readonly anchor: string | undefined };

/** Links that lead to a file of this repository, or to a place of the same page (then `path` is empty). */
export function linksOf(page: string): readonly Link[] {
  const targets = [...withoutBlocks(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
  return targets
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => {
      const [path = '', anchor] = target.split('#');
      return { path, anchor };
    });
}

/** As GitHub makes them: lower case, without punctuation, hyphens for blanks. */
export function anchorsOf(page: string): ReadonlySet<string> {
  const headings = withoutBlocks(page)
    .split('\n')
    .map(headingText)
    .filter((text) => text !== undefined);
  return new Set(
    headings.map((text) =>
      text
        .toLowerCase()
        .replaceAll(/[^\w\- ]/g, '')
        .replaceAll(' ', '-'),
    ),
  );
}

/** Rows of the tables below this heading, each as its cells; without head and rule. */
export function rowsBelow(page: string, heading: string): readonly (readonly string[])[] {
  const from = page.indexOf(`\n${heading}\n`);
  if (from === -1) throw new Error(`no heading "${heading}"`);
  const section = page.slice(from + heading.length + 2).split(/\n#{1,6} /)[0] ?? '';
  const rows = section.split('\n').filter((line) => line.startsWith('|'));
  return rows.slice(2).map((row) =>
    row
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  );
}

function headingText(line: string | undefined): string | undefined {
  return /^#{1,6} +(.+)$/.exec(line ?? '')?.[1];
}

function withoutBlocks(page: string): string {
  return page.replaceAll(/^```[^]*?^```$/gm, '');
}
