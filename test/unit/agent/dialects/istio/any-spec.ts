import { deepEqual, equal } from 'node:assert/strict';
import * as fc from 'fast-check';
import { isMapping } from '../../../../../agent/dialects/check-fields.ts';
import type { KubeObject, Translate } from '../../../../../agent/dialects/dialect.ts';

/**
 * A translation is total: any JSON in, never a throw, and a contribution exactly if nothing is an error. Tried on any
 * JSON, and on a spec that is sound but for two of its parts.
 */
export function testTotality(kind: string, translate: Translate, sound: unknown): void {
  const places = placesOf(sound);
  const damage = fc.tuple(
    fc.constantFrom(...places),
    fc.oneof(fc.constantFrom(...LIKELY_PARTS), fc.jsonValue(), fc.string()),
  );
  const damaged = fc.tuple(damage, damage).map((both) => {
    let spec = sound;
    for (const [place, part] of both) spec = replaced(spec, place, part);
    return spec;
  });
  deepEqual(outcome(kind, translate, sound), []);
  fc.assert(
    fc.property(fc.oneof({ weight: 1, arbitrary: fc.jsonValue() }, { weight: 9, arbitrary: damaged }), (spec) => {
      outcome(kind, translate, spec);
    }),
    { numRuns: 1000 },
  );
}

/** The errors' messages. */
function outcome(kind: string, translate: Translate, spec: unknown): readonly string[] {
  const { contribution, findings } = translate(kubeObject(kind, spec), () => ({ ok: false, message: '' }));
  const errors = findings.filter(({ severity }) => severity === 'error');
  equal(contribution === undefined, errors.length > 0);
  for (const { path, message } of findings) {
    equal(path[0], 'spec');
    equal(/\bundefined\b|Invalid input|\[object/.test(message), false, message);
  }
  return errors.map(({ message }) => message);
}

/** Its namespace is as bad as that of a document with a bad head. */
function kubeObject(kind: string, spec: unknown): KubeObject {
  const ref = { kind, namespace: 'No Namespace', name: '' };
  return { ref, labels: {}, annotations: {}, createdAt: undefined, body: { spec } };
}

const LIKELY_PARTS: readonly unknown[] = [
  'a.example',
  '*.a.example',
  '*',
  '*/*',
  'mesh',
  'shop',
  '.',
  '~',
  'HTTPS',
  'PASSTHROUGH',
  'SIMPLE',
  '198.18.0.0/15',
  '(',
  '',
  443,
  0,
  -1,
  0.5,
  65_536,
  true,
  null,
  [],
  {},
  ['*'],
  [{}],
  { exact: '' },
  { x: {} },
];

type Place = readonly string[];

function placesOf(part: unknown): readonly Place[] {
  const below = Array.isArray(part) || isMapping(part) ? Object.entries(part) : [];
  return [[], ...below.flatMap(([key, value]) => placesOf(value).map((place) => [key, ...place]))];
}

function replaced(whole: unknown, [key, ...rest]: Place, part: unknown): unknown {
  if (key === undefined) return part;
  if (Array.isArray(whole)) {
    const items: readonly unknown[] = whole;
    return items.map((item, at) => (String(at) === key ? replaced(item, rest, part) : item));
  }
  return isMapping(whole) ? { ...whole, [key]: replaced(whole[key], rest, part) } : whole;
}
