import { z } from 'zod';
import { errorAt, type Finding, type Path, warningAt } from './dialect.ts';
import { quoted } from './expect.ts';
import { suggestion } from './spelling.ts';

export type Checked<T> = { readonly value: T | undefined; readonly findings: readonly Finding[] };

/**
 * Holds a document's part against its schema; every problem at once. A field unknown to the schema is a warning (an API
 * server would prune it: its author must see that it has no effect). snake_case, which protobuf's JSON accepts, is read
 * as lowerCamel with a warning. `value` is undefined exactly if a finding is an error.
 */
export function checkFields<T extends z.ZodType>(schema: T, part: unknown, path: Path): Checked<z.output<T>> {
  const findings: Finding[] = [];
  const parsed = schema.safeParse(canonical(schema, part, path, findings));
  for (const issue of parsed.error?.issues ?? []) {
    findings.push(errorAt([...path, ...issue.path.map(step)], issue.message));
  }
  const bad = findings.some((finding) => finding.severity === 'error');
  return { value: parsed.success && !bad ? parsed.data : undefined, findings };
}

function step(key: PropertyKey): string | number {
  return typeof key === 'number' ? key : String(key);
}

/** The part with the schema's spelling of every field and without the fields that the schema does not know. */
function canonical(schema: z.ZodType, part: unknown, path: Path, findings: Finding[]): unknown {
  if (schema instanceof z.ZodOptional) return canonical(inner(schema), part, path, findings);
  if (schema instanceof z.ZodArray && Array.isArray(part)) {
    const items = schema.element;
    if (!(items instanceof z.ZodType)) return part;
    return part.map((item, at) => canonical(items, item, [...path, at], findings));
  }
  if (!(schema instanceof z.ZodObject) || !isMapping(part)) return part;
  const shape: Readonly<Record<string, z.ZodType>> = schema.shape;
  const own = new Map<string, unknown>();
  for (const [written, value] of Object.entries(part)) {
    const name = Object.hasOwn(shape, written) ? written : lowerCamel(written);
    const field = Object.hasOwn(shape, name) ? shape[name] : undefined;
    const at = [...path, written];
    if (!field) {
      findings.push(unknownField(at, written, Object.keys(shape)));
    } else if (own.has(name)) {
      findings.push(errorAt(at, `the field ${quoted(name)} is there twice, in both spellings; expected one`, 'key'));
    } else {
      if (written !== name)
        findings.push(warningAt(at, `read as ${quoted(name)}: an API server knows only that`, 'key'));
      own.set(name, canonical(field, value, [...path, name], findings));
    }
  }
  return Object.fromEntries(own);
}

/** Fields that are neither read nor known to Kubernetes: an API server would prune them. */
export function unknownFields(part: unknown, path: Path, known: readonly string[]): readonly Finding[] {
  if (!isMapping(part)) return [];
  const unknown = Object.keys(part).filter((field) => !known.includes(field));
  return unknown.map((field) => unknownField([...path, field], field, known));
}

function unknownField(path: Path, field: string, known: readonly string[]): Finding {
  return warningAt(path, `unknown field: it has no effect${suggestion(field, known)}`, 'key');
}

function inner(schema: z.ZodOptional): z.ZodType {
  const unwrapped = schema.unwrap();
  return unwrapped instanceof z.ZodType ? unwrapped : z.unknown();
}

export function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `export_to` → `exportTo`, as protobuf's JSON mapping does. */
export function lowerCamel(name: string): string {
  return name.replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
