import { z } from 'zod';
import { type Port, portOf } from '../model/port.ts';
import { suggestion } from './spelling.ts';

// Building blocks of the schemas: each says in words what it expects, so that a Finding needs no second wording.

/** An error map: `expected WHAT, found ‹what stands there›`. */
function expecting(what: string): (issue: { readonly input?: unknown }) => string {
  return ({ input }) => complaint(what, input);
}

export function complaint(what: string, found: unknown): string {
  return found === undefined ? `missing; expected ${what}` : `expected ${what}, found ${describe(found)}`;
}

/** A field that nothing here reads: known, so that only what is misspelt is called unknown; what it holds is not looked at. */
export const UNREAD = z.unknown().optional();

export function textField(what: string) {
  return z.string({ error: expecting(`${what} (text)`) });
}

/**
 * Text that becomes a value. `parse` answers undefined for what is wrong, or the sentence to say about it.
 */
export function parsedText<T>(what: string, parse: (text: string) => { readonly value: T } | string | undefined) {
  return textField(what).transform((text, context) => {
    const parsed = parse(text);
    if (typeof parsed === 'object') return parsed.value;
    context.issues.push({ code: 'custom', input: text, message: parsed ?? complaint(what, text) });
    return z.NEVER;
  });
}

export function oneOf<const T extends string>(what: string, words: readonly T[]) {
  return parsedText(what, (text) => {
    const value = words.find((word) => word === text);
    return value === undefined ? `${complaint(what, text)}${suggestion(text, words)}` : { value };
  });
}

/** 1 to 65535, as a number: Kubernetes refuses a port written as text. */
export function portNumber(what: string) {
  const expectation = `${what} (a number from 1 to 65535)`;
  return z.number({ error: expecting(expectation) }).transform((number, context): Port => {
    const port = portOf(number);
    if (port !== undefined) return port;
    context.issues.push({ code: 'custom', input: number, message: complaint(expectation, number) });
    return z.NEVER;
  });
}

/** uint32 of protobuf. */
export function wholeNumber(what: string) {
  const error = expecting(`${what} (a whole number from 0 to 4294967295)`);
  return z.number({ error }).int({ error }).min(0, { error }).max(4_294_967_295, { error });
}

export function trueOrFalse(what: string) {
  return z.boolean({ error: expecting(`${what} (true or false)`) });
}

export function listOf<T extends z.ZodType>(what: string, items: T, limits: { min: number; max: number }) {
  const error = expecting(what);
  return z.array(items, { error }).min(limits.min, { error }).max(limits.max, { error });
}

export function objectOf<T extends z.ZodRawShape>(what: string, shape: T) {
  return z.object(shape, { error: expecting(`${what} (a mapping)`) });
}

export function mapOf<T extends z.ZodType>(what: string, values: T) {
  return z.record(z.string(), values, { error: expecting(`${what} (a mapping)`) });
}

function describe(found: unknown): string {
  if (found === null) return 'nothing';
  if (typeof found === 'string') return `the text ${quoted(found)}`;
  if (typeof found === 'number' || typeof found === 'boolean') return `the ${typeof found} ${found}`;
  return Array.isArray(found) ? `a list of ${found.length}` : 'a mapping';
}

/** Text of a document in a message: one line, cut to a length that a terminal shows. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > LONGEST_QUOTE ? `${text.slice(0, LONGEST_QUOTE)}…` : text);
}

const LONGEST_QUOTE = 80;
