import { errorAt, type Finding, type Path } from './dialect.ts';
import { quoted } from './expect.ts';

type Key = string | number | undefined;

/** Items whose key is that of an earlier one, each with where the first of them stands; undefined is no key. */
export function* repeats(keys: readonly Key[]): Generator<{ readonly at: number; readonly first: number }> {
  const firsts = new Map<Key, number>();
  for (const [at, key] of keys.entries()) {
    const first = key === undefined ? undefined : firsts.get(key);
    if (first === undefined) firsts.set(key, at);
    else yield { at, first };
  }
}

/** The items of a list whose `field` is that of an earlier one: nobody could say which is meant. */
export function* repeated(values: readonly Key[], list: Path, field: string): Generator<Finding> {
  for (const { at, first } of repeats(values)) {
    const value = values[at];
    const found = typeof value === 'string' ? quoted(value) : value;
    yield errorAt(
      [...list, at, field],
      `the ${field} ${found} is that of ${list.at(-1)}[${first}] too; expected each once`,
    );
  }
}
