import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';

type Parse<R> = (bytes: Uint8Array) => R;
type Tagged = { readonly kind: string };

/** A captured message of test/fixtures. */
export function fixture(path: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(path, FIXTURES)));
}

/** Names of all captures in one folder of test/fixtures. */
export function fixturesIn(folder: string): string[] {
  const names = readdirSync(new URL(`${folder}/`, FIXTURES)).filter((name) => name.endsWith('.bin'));
  assert.ok(names.length > 0, `no captures in ${folder}`);
  return names.map((name) => `${folder}/${name}`);
}

/** What `ascii` makes bytes of. */
export function textOf(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString('latin1');
}

const FIXTURES = new URL('../../../fixtures/', import.meta.url);

export function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/**
 * Parses every prefix, each from a copy that ends where the prefix does. Demands that the result is `more` up to some
 * length and from then on one and the same; answers that length (one more than the bytes if it never settled).
 */
export function settlesAt<R extends Tagged>(bytes: Uint8Array, parse: Parse<R>): number {
  let settled: { at: number; result: R } | undefined;
  for (let length = 0; length <= bytes.length; length++) {
    const result = parse(bytes.slice(0, length));
    if (settled) assert.deepEqual(result, settled.result, `changed at ${length}, settled at ${settled.at}`);
    else if (result.kind !== 'more') settled = { at: length, result };
  }
  return settled?.at ?? bytes.length + 1;
}
