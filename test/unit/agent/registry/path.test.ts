import { equal, ok } from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { normalisedPath, pathOf, queryOf } from '../../../../agent/registry/path.ts';

const rows: readonly (readonly [says: string, path: string, want: string])[] = [
  ['the root', '/', '/'],
  ['a plain path', '/a/b', '/a/b'],
  ['a folder keeps its slash', '/a/b/', '/a/b/'],
  ['dots inside a name', '/a.b/..c/d../...', '/a.b/..c/d../...'],
  ['several slashes are one', '//a///b//', '/a/b/'],
  ['nothing but slashes', '///', '/'],
  ['a segment that stays', '/a/./b', '/a/b'],
  ['one at the end', '/a/.', '/a/'],
  ['a segment that goes up', '/a/../b', '/b'],
  ['one at the end goes to the folder above', '/a/b/..', '/a/'],
  ['above the root there is nothing', '/../../a', '/a'],
  ['nor above an emptied one', '/a/../../..', '/'],
  ['letters, digits, - . _ ~ in escapes', '/%61%41%30%2d%5F%7e', '/aA0-_~'],
  ['a dot in an escape', '/a/%2e%2E/b', '/b'],
  ['half a dot-dot in an escape', '/a/.%2e/b', '/b'],
  ['a slash in an escape', '/a%2fb%2Fc', '/a/b/c'],
  ['a backslash', '/a\\b', '/a/b'],
  ['a backslash in an escape', '/a%5cb%5Cc', '/a/b/c'],
  ['dot-dot between backslashes', '/a\\..\\b', '/b'],
  ['dot-dot behind an escaped slash', '/a/b%2f..%2fc', '/a/c'],
  ['reserved characters stay escaped', '/a%3fb%23c%20d', '/a%3Fb%23c%20d'],
  ['other bytes stay escaped', '/%c3%a4%00%7f', '/%C3%A4%00%7F'],
  ['a percent sign in an escape', '/%252e%252E', '/%252e%252E'],
  ['a percent sign that begins no escape', '/100%', '/100%25'],
  ['nor does one before a letter', '/%zz/%2', '/%25zz/%252'],
  ['no escape is made of what is decoded', '/%%32%65', '/%252e'],
  ['not a path', '*', '*'],
  ['nothing', '', ''],
];

describe('how servers may read a path', () => {
  for (const [says, path, want] of rows) test(`${says}: ${path}`, () => equal(normalisedPath(path), want));
});

/** Of what confuses: pieces that mean something alone or together. */
const piece = fc.constantFrom(
  '/',
  '\\',
  '.',
  '..',
  '%',
  '%2',
  '%2e',
  '%2F',
  '%5c',
  '%25',
  '%65',
  '2e',
  'a',
  'é',
  ';',
  '',
);
const path = fc.array(fc.oneof(piece, fc.string()), { maxLength: 12 }).map((pieces) => `/${pieces.join('')}`);

test('reading twice is reading once', () => {
  fc.assert(
    fc.property(path, (sent) => {
      const once = normalisedPath(sent);
      equal(normalisedPath(once), once);
    }),
    { numRuns: 5_000 },
  );
});

test('nothing is left that could be read in another way', () => {
  fc.assert(
    fc.property(path, (sent) => {
      const read = normalisedPath(sent);
      ok(read.startsWith('/'), 'a path');
      ok(!/\/\.{0,2}\//.test(read) && !/\/\.{1,2}$/.test(read), `no empty and no dot segment: ${read}`);
      ok(!/\\|%2f|%5c/i.test(read), `no other slash: ${read}`);
      ok(!/%(?![0-9A-F]{2})|%(?:2D|2E|5F|7E|3[0-9]|[46][1-9A-F]|[57][0-9A])/.test(read), `no needless escape: ${read}`);
    }),
    { numRuns: 5_000 },
  );
});

test('long paths take no longer than their length', () => {
  equal(normalisedPath('/%%32%65'.repeat(8_000)).length, '/%252e'.length * 8_000);
  equal(normalisedPath('/..'.repeat(20_000)), '/');
});

test('path and query part at the first question mark', () => {
  const targets = [
    ['/get', '/get', ''],
    ['/get?', '/get', ''],
    ['/get?a=1?b', '/get', 'a=1?b'],
    ['?a', '', 'a'],
    ['*', '*', ''],
  ] as const;
  for (const [target, before, behind] of targets) {
    equal(pathOf(target), before);
    equal(queryOf(target), behind);
  }
});
