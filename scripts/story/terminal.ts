import { setTimeout as after } from 'node:timers/promises';

/** Colour only where a person looks at it, and not against their will (https://no-color.org). */
const colourful = process.stdout.isTTY && (process.env['NO_COLOR'] ?? '') === '';

export const bold = styled('1');
export const dim = styled('2');
export const green = styled('32');
export const red = styled('31');

function styled(code: string): (text: string) => string {
  return (text) => (colourful ? `\u001b[${code}m${text}\u001b[0m` : text);
}

/** Columns of the terminal; undefined: it is no terminal, and nothing is cut. */
export function columns(): number | undefined {
  return process.stdout.isTTY ? process.stdout.columns : undefined;
}

/** As much as stands in one line of the terminal, less `taken` columns. */
export function fitted(text: string, taken: number): string {
  const most = (columns() ?? Number.POSITIVE_INFINITY) - taken;
  return text.length <= most ? text : `${text.slice(0, Math.max(0, most - 1))}…`;
}

/** One key of whoever sits there; `q`, ^C and ^D mean that it is enough. */
export async function key(): Promise<'on' | 'enough'> {
  const { stdin } = process;
  stdin.setRawMode(true);
  stdin.resume();
  const [pressed] = await Promise.race([keyOf(stdin), after(KEY_LIMIT_MS, ['q'], { ref: false })]);
  stdin.pause();
  stdin.setRawMode(false);
  return ENOUGH.has(pressed ?? 'q') ? 'enough' : 'on';
}

function keyOf(stdin: NodeJS.ReadStream): Promise<string[]> {
  return new Promise((resolve) => stdin.once('data', (bytes: Buffer) => resolve([bytes.toString('latin1')])));
}

const ENOUGH: ReadonlySet<string> = new Set(['q', 'Q', '\u0003', '\u0004']);
/** A world that nobody looks at any longer is taken down. */
const KEY_LIMIT_MS = 3_600_000;
