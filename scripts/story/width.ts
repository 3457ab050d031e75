/** How wide a text stands on a terminal, and how it goes into one: folded, never cut. Total over all texts and widths. */

/**
 * Lines of at most `most` columns, folded behind a space or a comma (a line of JSON has no other place); what has
 * neither is broken where the line ends. A text that fits stays as it is, to the last space.
 */
export function folded(text: string, most: number): readonly string[] {
  if (widthOf(text) <= most) return [text];
  return filled(
    piecesOf(text, WORD).flatMap((word) => broken(word, most)),
    most,
  );
}

/**
 * The same for a command, which can still be pasted: `\` ends each line but the last, nothing is folded inside quotes,
 * an option stands with its value where there is room, and a word that is wider than the line is left to the terminal.
 */
export function foldedCommand(command: string, most: number): readonly string[] {
  if (widthOf(command) <= most) return [command];
  const each = most - CONTINUED.length;
  const parts = piecesOf(command, OPTION).flatMap((part) =>
    widthOf(part.trimEnd()) <= each ? [part] : piecesOf(part, SHELL_WORD),
  );
  const lines = filled(parts, each);
  return lines.map((line, index) => (index < lines.length - 1 ? `${line}${CONTINUED}` : line));
}

/**
 * Columns: East Asian characters and emoji take two, combining ones none. Each code point counts for itself, as in xterm:
 * a terminal that joins several in one picture needs less.
 */
export function widthOf(text: string): number {
  let width = 0;
  for (const point of text) width += WIDE.test(point) ? 2 : INVISIBLE.test(point) ? 0 : 1;
  return width;
}

const INVISIBLE = /[\p{Mn}\p{Me}\p{Cf}\p{Cc}]/u;
/** The blocks of classes W and F in Unicode's EastAsianWidth.txt, and what is shown as a picture. */
const WIDE =
  /[\u1100-\u115F\u2E80-\u303E\u3041-\uA4CF\uA960-\uA97C\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF01-\uFF60\uFFE0-\uFFE6\u{20000}-\u{3FFFD}\p{Emoji_Presentation}]/u;

const CONTINUED = ' \\';
/** With the space behind it, which may hang over the end of a line. */
const WORD = /[^\s,]*,*\s*/g;
const SHELL_WORD = /(?:'[^']*'|"[^"]*"|\S)+\s*|\s+/g;
const OPTION = new RegExp(`(?:-[\\w-]+\\s+(?!-))?(?:${SHELL_WORD.source})`, 'g');

function piecesOf(text: string, piece: RegExp): readonly string[] {
  return text.match(piece) ?? [];
}

function filled(pieces: readonly string[], most: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const piece of pieces) {
    if (line !== '' && widthOf((line + piece).trimEnd()) > most) {
      lines.push(line.trimEnd());
      line = '';
    }
    line += piece;
  }
  return [...lines, line.trimEnd()];
}

/** Parts of a word that fit one line each; a character that is wider than the line is a part all the same. */
function broken(word: string, most: number): readonly string[] {
  if (widthOf(word.trimEnd()) <= most) return [word];
  const parts: string[] = [];
  let part = '';
  for (const { segment } of CHARACTERS.segment(word)) {
    if (part !== '' && widthOf(part + segment) > most) {
      parts.push(part);
      part = '';
    }
    part += segment;
  }
  return [...parts, part];
}

/** As a reader sees them: a letter with its accents is one. */
const CHARACTERS = new Intl.Segmenter('en');
