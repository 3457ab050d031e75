import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { bareText, count, cut, jsonLine, jsonText, quotedText, timestamp } from '../../../../agent/log/field.ts';

const anything = fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units));

test('cut: never longer, never a new lone surrogate, always a beginning', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 1, max: 20 }), (value, limit) => {
      const short = cut(value, limit);
      assert.ok(short.length <= limit && value.startsWith(short));
      assert.ok(value.length > limit ? short.length >= limit - 1 : short === value);
      assert.equal(short.isWellFormed(), true);
    }),
  );
});

test('jsonLine: the same value back, no line break in any reading', () => {
  fc.assert(
    fc.property(anything, (value) => {
      const line = jsonLine({ value });
      assert.deepEqual(JSON.parse(line), { value });
      assert.doesNotMatch(line, /[\p{Cc}\u2028\u2029]/u);
    }),
  );
});

test('jsonText: what jsonLine makes of the cut value, of every single character too', () => {
  assert.equal(jsonText(null), 'null');
  for (let unit = 0; unit <= 0xffff; unit++) {
    const value = `a${String.fromCharCode(unit)}b`;
    assert.equal(jsonText(value), jsonLine(value));
  }
  fc.assert(
    fc.property(fc.oneof(anything, fc.string()), fc.integer({ min: 1, max: 20 }), (value, limit) => {
      assert.equal(jsonText(value, limit), jsonLine(cut(value, limit)));
    }),
  );
});

describe('text', () => {
  const rows: readonly (readonly [string | null, string, string])[] = [
    [null, '-', '-'],
    ['', '-', '-'],
    ['plain/1.0', 'plain/1.0', 'plain/1.0'],
    ['a b', 'a b', 'a\\x20b'],
    ['a"b', 'a\\"b', 'a\\x22b'],
    ['a\\b', 'a\\\\b', 'a\\x5cb'],
    ['\n\r\t', '\\n\\r\\t', '\\x0a\\x0d\\x09'],
    ['\u0000\u007f\u0085', '\\x00\\x7f\\x85', '\\x00\\x7f\\x85'],
    ['\u2028', '\\u{2028}', '\\u{2028}'],
    ['\ud800', '\ufffd', '\ufffd'],
    ['é😀', 'é😀', 'é😀'],
  ];
  for (const [value, quoted, bare] of rows) {
    test(JSON.stringify(value), () => assert.deepEqual([quotedText(value), bareText(value)], [quoted, bare]));
  }
});

test('numbers that are none are 0', () => {
  const values = [3, 3.9, 0, -1, Number.NaN, Number.POSITIVE_INFINITY];
  assert.deepEqual(
    values.map((value) => count(value)),
    [3, 3, 0, 0, 0, 0],
  );
});

test('timestamp: total, four digits of the year', () => {
  assert.equal(timestamp(Date.UTC(2022, 10, 30, 8, 3, 1, 315)), '2022-11-30T08:03:01.315Z');
  const moments = [1, 1, 2, 1, Number.NaN, Number.NaN, -1, 1e300, 1.5, 1, 0];
  assert.deepEqual(
    moments.map((ms) => timestamp(ms).slice(-5)),
    ['.001Z', '.001Z', '.002Z', '.001Z', '.000Z', '.000Z', '.000Z', '.999Z', '.001Z', '.001Z', '.000Z'],
    'whatever came just before',
  );
  fc.assert(fc.property(fc.double(), (ms) => assert.match(timestamp(ms), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)));
});
