import { readdirSync, readFileSync } from 'node:fs';
import { bytesOf } from './mutate-lines.ts';

/** Files of a folder of test/fixtures whose names match. */
export function fixtures(folder: string, names = /\.bin$/): readonly Uint8Array[] {
  const place = new URL(`../../fixtures/${folder}/`, import.meta.url);
  const found = readdirSync(place, { recursive: true, encoding: 'utf8' }).filter((name) => names.test(name));
  if (found.length === 0) throw new Error(`no seeds in ${place.pathname}`);
  return found.sort().map((name) => new Uint8Array(readFileSync(new URL(name, place))));
}

export function texts(...from: readonly string[]): readonly Uint8Array[] {
  return from.map(bytesOf);
}
