import { type Finding, type Path, warningAt } from '../dialect.ts';

/** One warning for each of the fields that is there: its author must not rely on it. */
export function* notHonoured<Part extends object>(
  part: Part,
  fields: readonly (keyof Part & string)[],
  path: Path,
  effect: string,
): Generator<Finding> {
  for (const field of fields) {
    if (part[field] !== undefined) yield warningAt([...path, field], `not honoured yet: ${effect}`, 'key');
  }
}
