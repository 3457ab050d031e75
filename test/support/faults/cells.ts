import { type Cell, nameOf, type Row, WAYS } from './row.ts';
import { ROWS } from './rows.ts';

/** A cell with the ports by which its packets are known. */
export type Numbered = Cell & { readonly name: string; readonly originPort: number; readonly clientPort: number };

/** Below what the kernel gives away (32768), and none that the lab uses. */
const FIRST_ORIGIN_PORT = 21_000;
const FIRST_CLIENT_PORT = 11_000;

export const CELLS: readonly Numbered[] = WAYS.flatMap((way, at) =>
  ROWS.map((row, index) => ({
    ...row,
    way,
    name: nameOf({ ...row, way }),
    originPort: FIRST_ORIGIN_PORT + at * 100 + index,
    clientPort: FIRST_CLIENT_PORT + at * 100 + index,
  })),
);

/** Of the rows through the gateway, which has a server for each. */
export const GATEWAY_PORTS = CELLS.filter(({ way }) => way === 'through the gateway').map(
  ({ originPort }) => originPort,
);

/** The origin takes no SYN there until it is said. */
export function isHeld({ steps }: Row): boolean {
  return steps.includes('the dial goes on');
}

/** The agent needs first bytes there. */
export function waitsForBytes({ when }: Row): boolean {
  return when === 'before the verdict';
}
