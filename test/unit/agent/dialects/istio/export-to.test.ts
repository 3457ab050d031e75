import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { checkFields } from '../../../../../agent/dialects/check-fields.ts';
import { pathText } from '../../../../../agent/dialects/dialect.ts';
import {
  EXPORT_TO,
  type ExportEntry,
  exportRules,
  seenByNobody,
  visibilityOf,
} from '../../../../../agent/dialects/istio/export-to.ts';

function entries(...written: string[]): readonly ExportEntry[] {
  const { value, findings } = checkFields(EXPORT_TO, written, ['spec', 'exportTo']);
  deepEqual(findings, []);
  return value ?? [];
}

for (const [written, visibleTo] of [
  [[], 'all'],
  [['*'], 'all'],
  [['.'], new Set(['shop'])],
  [['.', 'web'], new Set(['shop', 'web'])],
  [['~'], new Set()],
] as const) {
  test(`${JSON.stringify(written)} is seen by ${visibleTo === 'all' ? 'all' : [...visibleTo].join(', ') || 'nobody'}`, () => {
    const found = visibilityOf(entries(...written), 'shop');
    deepEqual(found, visibleTo);
    equal(seenByNobody(found), written[0] === '~');
  });
}

for (const [says, written, findings] of [
  ['what is sound', ['.', 'web'], []],
  ['a namespace twice', ['web', 'web'], ['spec.exportTo[1]: says the same as exportTo[0]; expected each once']],
  ['this one and its name', ['.', 'shop'], ['spec.exportTo[1]: says the same as exportTo[0]; expected each once']],
  ['all and one', ['web', '*'], ['spec.exportTo[1]: "*" must stand alone; expected no other entry beside it']],
  ['none and one', ['~', 'web'], ['spec.exportTo[0]: "~" must stand alone; expected no other entry beside it']],
] as const) {
  test(says, () => {
    const found = [...exportRules(entries(...written), 'shop')];
    deepEqual(
      found.map(({ path, message }) => `${pathText(path)}: ${message}`),
      findings,
    );
  });
}

test('what is neither a namespace nor a sign', () => {
  for (const text of ['Shop', 'shop-*', '', '..'])
    deepEqual(
      checkFields(EXPORT_TO, [text], ['spec', 'exportTo']).findings.map(({ path }) => pathText(path)),
      ['spec.exportTo[0]'],
    );
});
