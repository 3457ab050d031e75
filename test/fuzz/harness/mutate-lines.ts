import type { Mutator } from './target.ts';

// Changes of text that is made of lines. Texts are latin1: one character is one byte.

/** Whole lines: once more, elsewhere, gone, changed places. */
export const moveLines: Mutator = (bytes, random) =>
  overLines(bytes, (lines) => {
    const at = random.below(lines.length);
    const to = random.below(lines.length + 1);
    const count = 1 + random.small(4);
    const piece = lines.slice(at, at + count);
    if (random.oneIn(3)) return lines.toSpliced(at, count);
    if (random.oneIn(2)) return lines.toSpliced(to, 0, ...piece);
    return lines.toSpliced(at, count).toSpliced(to, 0, ...piece);
  });

/** What stands behind a line: CR, LF, both, neither, or blanks with it. */
export const changeLineEnds: Mutator = (bytes, random) => {
  const text = textOf(bytes);
  const ends = [...text.matchAll(/\r?\n/g)];
  const end = random.pick(ends);
  if (!end) return bytes;
  const by = random.pick(['\n', '\r', '\r\n', '', '\n\r', '\r\r\n', ' \r\n', '\t\r\n', '\r\n\r\n', '\r\n ', '\0\r\n']);
  return bytesOf(text.slice(0, end.index) + by + text.slice(end.index + end[0].length));
};

/** Text around colons: blanks, tabs, none, two. */
export const changeColons: Mutator = (bytes, random) => {
  const text = textOf(bytes);
  const colon = random.pick([...text.matchAll(/[ \t]*:[ \t]*/g)]);
  if (!colon) return bytes;
  const by = random.pick([':', ': ', ' :', ':\t', ':  ', '::', '', ' ', ': \t ', '\t: ']);
  return bytesOf(text.slice(0, colon.index) + by + text.slice(colon.index + colon[0].length));
};

/** A line from `from` somewhere behind the first. */
export function insertLine(from: readonly string[], end: string): Mutator {
  return (bytes, random) =>
    overLines(bytes, (lines) => lines.toSpliced(1 + random.below(lines.length), 0, (random.pick(from) ?? '') + end));
}

/** A word becomes another of the text, or one of `words`. */
export function swapWords(words: readonly string[]): Mutator {
  return (bytes, random) => {
    const text = textOf(bytes);
    const all = [...text.matchAll(/[^\s:,[\]{}"]+/g)];
    const [word, other] = [random.pick(all), random.pick(all)];
    if (!word || !other) return bytes;
    const by = random.oneIn(3) ? other[0] : (random.pick(words) ?? '');
    return bytesOf(text.slice(0, word.index) + by + text.slice(word.index + word[0].length));
  };
}

/** Upper and lower case of a few letters. */
export const changeCase: Mutator = (bytes, random) => {
  const out = bytes.slice();
  for (let left = 1 + random.small(8), at = random.below(out.length); left > 0 && at < out.length; left--, at++) {
    const lower = (out[at] ?? 0) | 0x20;
    if (lower >= 0x61 && lower <= 0x7a) out[at] = (out[at] ?? 0) ^ 0x20;
  }
  return out;
};

/** Blanks ahead of some lines in a row, more or fewer, as YAML nests. */
export const changeIndent: Mutator = (bytes, random) =>
  overLines(bytes, (lines) => {
    const at = random.below(lines.length);
    const until = at + 1 + random.small(6);
    const more = random.pick([1, 2, 2, 4]);
    const less = random.oneIn(2);
    return lines.map((line, index) => {
      if (index < at || index >= until) return line;
      return less ? line.replace(new RegExp(`^ {1,${more}}`), '') : ' '.repeat(more) + line;
    });
  });

/** Lines with the ends that they have. */
function overLines(bytes: Uint8Array, change: (lines: readonly string[]) => readonly string[]): Uint8Array {
  return bytesOf(change(textOf(bytes).split(/(?<=\n)/)).join(''));
}

export function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}

export function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'latin1'));
}
