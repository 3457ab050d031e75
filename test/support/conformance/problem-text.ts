import type { z } from 'zod';

type Issue = z.core.$ZodIssue;

/** Every problem of a value with its field; of a value that may have several forms, those of the nearest form. */
export function problemTexts(issues: readonly Issue[], above: readonly PropertyKey[] = []): readonly string[] {
  return issues.flatMap((issue) => {
    const path = [...above, ...issue.path];
    if (issue.code === 'invalid_union' && issue.errors.length > 0) return problemTexts(nearest(issue.errors), path);
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map((key) => `${fieldText([...path, key])}: no such field`);
    return [`${fieldText(path)}: ${issue.message}`];
  });
}

/** The form that got furthest: one that was entered beats one of another type. */
function nearest(forms: readonly (readonly Issue[])[]): readonly Issue[] {
  const depth = (issues: readonly Issue[]): number => Math.max(...issues.map(depthOf));
  return [...forms].sort((a, b) => depth(b) - depth(a))[0] ?? [];
}

function depthOf(issue: Issue): number {
  if (issue.code === 'invalid_union') return issue.path.length + Math.max(0, ...issue.errors.flat().map(depthOf));
  return issue.path.length + (issue.code === 'unrecognized_keys' ? 0.5 : 0);
}

/** `actions[0].expect.mesh`. */
function fieldText(path: readonly PropertyKey[]): string {
  return path
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`))
    .join('')
    .replace(/^\./, '');
}
