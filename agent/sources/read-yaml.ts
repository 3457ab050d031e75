import { CORE_SCHEMA, loadAll, mergeTag, YAMLException } from 'js-yaml';

export type YamlReading =
  /** undefined: an empty document. */
  | { readonly ok: true; readonly value: unknown }
  /** `line` and `column` count from 0, in the text that was read. */
  | { readonly ok: false; readonly message: string; readonly line: number; readonly column: number };

/**
 * The fast reader: one document, YAML 1.2 core schema and merge keys. JSON is YAML here, so that a key that is there twice
 * is an error in both. Never throws. What aliases stand for is bounded, because every later step walks it in full.
 */
export function readYaml(text: string): YamlReading {
  try {
    const values: readonly unknown[] = loadAll(text, READER);
    if (values.length > 1) return { ok: false, message: 'more than one document', line: 0, column: 0 };
    const value = values[0] ?? undefined;
    if (text.includes('*') && !isBounded(value)) {
      return { ok: false, message: `aliases that stand for more than ${MAX_NODES} values`, line: 0, column: 0 };
    }
    return { ok: true, value };
  } catch (thrown) {
    return failure(thrown);
  }
}

function failure(thrown: unknown): YamlReading {
  if (thrown instanceof YAMLException) {
    return { ok: false, message: thrown.reason, line: thrown.mark?.line ?? 0, column: thrown.mark?.column ?? 0 };
  }
  // The reader warns that it may throw others on hostile text (a stack overflow, for one); they too are only bad input.
  return { ok: false, message: thrown instanceof Error ? thrown.message : String(thrown), line: 0, column: 0 };
}

const MAX_DEPTH = 100;
const READER = { schema: CORE_SCHEMA.withTags(mergeTag), maxDepth: MAX_DEPTH, maxAliases: 100 };

/** A List of some thousand resources stays below it. */
const MAX_NODES = 1_000_000;

/** False for a value that contains itself, or that grows beyond reason when its aliases are followed. */
function isBounded(root: unknown): boolean {
  let left = MAX_NODES;
  const walk = (value: unknown, depth: number): boolean => {
    left--;
    if (left < 0 || depth > 2 * MAX_DEPTH) return false;
    if (typeof value !== 'object' || value === null) return true;
    return Object.values(value).every((child) => walk(child, depth + 1));
  };
  return walk(root, 0);
}
