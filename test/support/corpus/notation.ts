/**
 * Bytes as the corpus writes them: one printable line of the file after the other, line ends of the file stand for
 * nothing. `\r \n \t \0 \\ \xNN` are one byte each, `\(TEXT*COUNT)` is TEXT so many times and may hold others of its kind.
 * The result has one character for each byte (latin1). Throws on what it does not know: a typing error is no test.
 */
export function bytesOf(text: string): string {
  const lines = text.split('\n');
  for (const line of lines) {
    if (/^\s|\s$/.test(line)) throw new Error(`a blank at an end of a line cannot be seen, write \\x20: ${line}`);
    if (/[^ -~]/.test(line)) throw new Error(`not printable ASCII: ${JSON.stringify(line)}`);
  }
  return unescaped(repeated(lines.join('')));
}

/** Innermost first, so that a text to repeat holds no other. */
function repeated(text: string): string {
  const inner = /\\\(((?:(?!\\\()[^)])*)\*(\d+)\)/;
  let expanded = text;
  for (let found = inner.exec(expanded); found; found = inner.exec(expanded)) {
    const [whole, part = '', count] = found;
    const behind = expanded.slice(found.index + whole.length);
    expanded = expanded.slice(0, found.index) + part.repeat(Number(count)) + behind;
  }
  return expanded;
}

function unescaped(text: string): string {
  return text.replace(/\\(x[0-9a-f]{2}|.|$)/g, (whole, code: string) => {
    const byte =
      code.startsWith('x') && code.length === 3 ? String.fromCharCode(Number.parseInt(code.slice(1), 16)) : SHORT[code];
    if (byte === undefined) throw new Error(`unknown escape ${whole}`);
    return byte;
  });
}

const SHORT: Readonly<Record<string, string>> = { r: '\r', n: '\n', t: '\t', 0: '\0', '\\': '\\' };
