/** One YAML document of a file, as it stands there. */
export type Chunk = {
  readonly text: string;
  /** Lines of the file ahead of the text. */
  readonly linesBefore: number;
};

/**
 * Cuts a file at its document markers (`---` and `...` in the first column: YAML 1.2 §9.1.4 allows neither inside a
 * scalar), so that a document which cannot be read does not take its neighbours with it. Directives and comments ahead
 * of a `---` stay with the document that they belong to.
 */
export function splitDocuments(text: string): readonly Chunk[] {
  const chunks: Chunk[] = [];
  let linesBefore = 0;
  let start = 0;
  for (const cut of [...markers(text), { at: text.length, next: text.length }]) {
    const piece = text.slice(start, cut.at);
    if (isPrologue(piece) && text.startsWith('---', cut.at)) continue;
    if (!isPrologue(piece)) chunks.push({ text: piece, linesBefore });
    linesBefore += countLines(text.slice(start, cut.next));
    start = cut.next;
  }
  return chunks;
}

/** `at`: where the marker begins; `next`: where the document behind it begins (`---` is part of it, `...` is not). */
function* markers(text: string): Generator<{ at: number; next: number }> {
  for (const match of text.matchAll(/(^|\n|\r)(---|\.\.\.)(?=[ \t\r\n]|$)/g)) {
    const at = match.index + (match[1]?.length ?? 0);
    yield { at, next: match[2] === '---' ? at : at + 3 };
  }
}

/** Blank lines, comments and directives only: not a document. */
function isPrologue(piece: string): boolean {
  return /^(?:[ \t]*(?:#[^\n]*)?(?:\r?\n|$)|%[^\n]*(?:\n|$))*$/.test(piece);
}

function countLines(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) count++;
  return count;
}
