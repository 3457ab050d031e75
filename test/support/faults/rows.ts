import type { Row } from './row.ts';
import { BEFORE_VERDICT } from './rows-before-verdict.ts';
import { DURING_DIAL } from './rows-dial.ts';
import { IN_MID_STREAM } from './rows-mid-stream.ts';

/** In the order of docs/faults.md. */
export const ROWS: readonly Row[] = [...BEFORE_VERDICT, ...DURING_DIAL, ...IN_MID_STREAM];
