import { BLANK, COLON, classOf, TOKEN, textOf } from './ascii.ts';
import { cutLines, type Fault, type LineStart } from './http1-lines.ts';

/** Lower-case name, and the value without the blanks around it. */
export type HeaderField = readonly [name: string, value: string];

/** State between two looks at a growing head, so that a head in 1-byte segments costs linear time in all. */
export type FieldsProgress = LineStart & { readonly fields: readonly HeaderField[] };

export type Fields =
  | { readonly kind: 'fields'; readonly fields: readonly HeaderField[]; readonly headBytes: number }
  | { readonly kind: 'more'; readonly progress: FieldsProgress }
  | { readonly kind: 'too-large'; readonly why: string }
  | Fault;

/** Start line, fields and the empty line together. Real heads stay below 16 KiB; Envoy's default is 60 KiB. */
export const HEAD_CAP_BYTES = 64 * 1024;
/** Twice Envoy's default. */
export const FIELD_COUNT_CAP = 200;

/**
 * Field lines up to the empty line (RFC 9112 §5), read on from `progress`. Strict: a name is a token with the colon right
 * behind it (§5.1), no folding (§5.2). `allowed`: classes of bytes in values.
 */
export function readFields(bytes: Uint8Array, progress: FieldsProgress, allowed: number): Fields {
  const limit = Math.min(bytes.length, HEAD_CAP_BYTES);
  const lines = cutLines(bytes, progress, limit, allowed);
  const base = progress.lineStart;
  const text = textOf(bytes, base, lines.ends.at(-1) ?? base);
  const fields = [...progress.fields];
  let lineStart = base;
  for (const end of lines.ends) {
    if (end === lineStart) break;
    const field = readField(bytes, lineStart, end, text, base);
    if ('kind' in field) return field;
    if (fields.push(field) > FIELD_COUNT_CAP) return { kind: 'too-large', why: `more than ${FIELD_COUNT_CAP} fields` };
    lineStart = end + 2;
  }
  if (lines.stop === 'end') return { kind: 'fields', fields, headBytes: lines.scanned };
  if (lines.stop !== 'more') return lines.stop;
  if (limit === HEAD_CAP_BYTES) return { kind: 'too-large', why: `a head of more than ${HEAD_CAP_BYTES} bytes` };
  return { kind: 'more', progress: { lineStart, scanned: lines.scanned, fields } };
}

/** `text` holds the bytes from `base` on. */
function readField(bytes: Uint8Array, start: number, end: number, text: string, base: number): HeaderField | Fault {
  let colon = start;
  while (colon < end && (classOf(bytes[colon]) & TOKEN) !== 0) colon++;
  if (colon === start || bytes[colon] !== COLON) return { kind: 'bad', why: nameFault(bytes, start, colon) };
  let from = colon + 1;
  let to = end;
  while (from < to && isBlank(bytes[from])) from++;
  while (to > from && isBlank(bytes[to - 1])) to--;
  const name = text.slice(start - base, colon - base).toLowerCase();
  if (FRAMING.has(name) && bytes.subarray(colon, end).includes(TAB))
    return { kind: 'bad', why: `a tab in or beside the value of ${name}` };
  return [name, text.slice(from - base, to - base)];
}

/** RFC 9110 §5.6.3 lets a tab be a blank; servers differ in whether it is one (`Transfer-Encoding:<tab>chunked`). */
const FRAMING = new Set(['host', 'content-length', 'transfer-encoding']);
const TAB = 9;

function nameFault(bytes: Uint8Array, start: number, stop: number): string {
  if (stop > start) return isBlank(bytes[stop]) ? 'a blank in or behind a field name' : 'a field name that is no token';
  return isBlank(bytes[start]) ? 'a folded line' : 'a line without a field name';
}

function isBlank(byte: number | undefined): boolean {
  return (classOf(byte) & BLANK) !== 0;
}
