/** Columns of numbers are set to the right. */
export function tableOf(headings: readonly string[], lines: readonly (readonly string[])[]): string {
  const widths = headings.map((heading, at) =>
    Math.max(heading.length, ...lines.map((line) => (line[at] ?? '').length)),
  );
  const isNumeric = headings.map((_, at) => lines.every((line) => /^[\d. –]*$/.test(line[at] ?? '')));
  const cell = (text: string, at: number): string =>
    isNumeric[at] ? text.padStart(widths[at] ?? 0) : text.padEnd(widths[at] ?? 0);
  const text = (line: readonly string[]): string => `| ${line.map(cell).join(' | ')} |`;
  const rule = widths.map((width, at) => (isNumeric[at] ? `${'-'.repeat(width + 1)}:` : '-'.repeat(width + 2)));
  return [text(headings), `|${rule.join('|')}|`, ...lines.map(text)].join('\n');
}
