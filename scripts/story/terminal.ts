import { setTimeout as after } from 'node:timers/promises';

/** A pipe gets plain text, and so does a terminal that knows nothing else. */
const escapes = process.stdout.isTTY && process.env['TERM'] !== 'dumb';
/** Colour not against the will of whoever looks (https://no-color.org). */
const colourful = escapes && (process.env['NO_COLOR'] ?? '') === '';

export const bold = styled('1');
export const dim = styled('2');
export const green = styled('32');
export const red = styled('31');

function styled(code: string): (text: string) => string {
  return (text) => (colourful ? `\u001b[${code}m${text}\u001b[0m` : text);
}

/** Columns of the terminal as it is now; Infinity: it is no terminal or tells no width, and nothing is folded. */
export function columns(): number {
  const { isTTY, columns: told } = process.stdout;
  return isTTY && told > 0 ? Math.max(told, NARROWEST) : Number.POSITIVE_INFINITY;
}

/** Nobody reads a story in less: the terminal itself may break its lines. */
const NARROWEST = 32;

/** Asks for one key, and takes the question away again; `q`, ^C and ^D mean that it is enough. */
export async function key(question: string): Promise<'on' | 'enough'> {
  const { stdin, stdout } = process;
  stdin.setRawMode(true); // before the question, so that whoever answers at once does not see the key in it
  stdin.resume();
  stdout.write(question);
  const [pressed] = await Promise.race([keyOf(stdin), after(KEY_LIMIT_MS, ['q'], { ref: false })]);
  stdin.pause();
  stdin.setRawMode(false);
  stdout.write(escapes ? '\r\u001b[K' : '\n'); // standard output may be a pipe: only standard input must be a terminal
  return ENOUGH.has(pressed ?? 'q') ? 'enough' : 'on';
}

function keyOf(stdin: NodeJS.ReadStream): Promise<string[]> {
  return new Promise((resolve) => stdin.once('data', (bytes: Buffer) => resolve([bytes.toString('latin1')])));
}

const ENOUGH: ReadonlySet<string> = new Set(['q', 'Q', '\u0003', '\u0004']);
/** A world that nobody looks at any longer is taken down. */
const KEY_LIMIT_MS = 3_600_000;
