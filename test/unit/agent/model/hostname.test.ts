import { deepEqual, equal, ok } from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import {
  covers,
  type HostPattern,
  hostMatches,
  parseAuthority,
  parseHostname,
  parseHostPattern,
  patternText,
} from '../../../../agent/model/hostname.ts';

const LONG_LABEL = 'a'.repeat(63);
const LONGEST = `${LONG_LABEL}.${LONG_LABEL}.${LONG_LABEL}.${'a'.repeat(61)}`;

describe('names', () => {
  for (const [written, want] of [
    ['api.test', 'api.test'],
    ['API.Test', 'api.test'],
    ['api.test.', 'api.test'],
    ['localhost', 'localhost'],
    ['_dmarc.a_b.test', '_dmarc.a_b.test'],
    ['xn--bcher-kva.test', 'xn--bcher-kva.test'],
    ['1.2.3.4.test', '1.2.3.4.test'],
    ['3com', '3com'],
    [LONGEST, LONGEST],
    [`${LONGEST}.`, LONGEST],
  ] as const) {
    test(`${written.slice(0, 40)} is ${want.slice(0, 40)}`, () => {
      equal(parseHostname(written), want);
    });
  }
});

describe('no names', () => {
  const wrong = [
    '',
    '.',
    '..',
    'a..b',
    '.a',
    'a..',
    '-a.test',
    'a-.test',
    'a b',
    'a/b',
    'a:80',
    'a@b',
    '*.a',
    'a\n',
    'a\0',
    '%61',
    '203.0.113.1',
    '127.1',
    'a.1',
    'a.0x7f',
    '0x7f',
    '0x',
    '2130706433',
    '::1',
    '[::1]',
    'bücher.test',
    '\u212Aube.test',
    'ａ.test',
    'a\u3002test',
    `${LONG_LABEL}a.test`,
    `${LONGEST}a`,
    `${LONGEST}..`,
  ];
  for (const text of wrong) {
    test(JSON.stringify(text.slice(0, 70)), () => {
      equal(parseHostname(text), undefined);
    });
  }
});

describe('authorities', () => {
  for (const [written, want] of [
    ['api.test', ['api.test', undefined]],
    ['API.test.:8080', ['api.test', 8080]],
    ['api.test:', ['api.test', undefined]],
    ['203.0.113.1:80', ['203.0.113.1', 80]],
    ['[2001:DB8::1]', ['2001:db8::1', undefined]],
    ['[2001:db8::1]:443', ['2001:db8::1', 443]],
    ['[::ffff:203.0.113.1]', ['203.0.113.1', undefined]],
    ['[203.0.113.1]', undefined],
    ['2001:db8::1', undefined],
    ['[2001:db8::1', undefined],
    ['[fe80::1%25eth0]', undefined],
    ['[v1.x]', undefined],
    ['api.test:0', undefined],
    ['api.test:080', undefined],
    ['api.test:65536', undefined],
    ['api.test:8O', undefined],
    ['api.test:80:80', undefined],
    ['user@api.test', undefined],
    ['api.test/path', undefined],
    ['127.1', undefined],
    ['', undefined],
    [':80', undefined],
    ['api.test\n', undefined],
  ] as const) {
    test(`${JSON.stringify(written)} is ${want ? want.join(' ') : 'none'}`, () => {
      const authority = parseAuthority(written);
      const host = authority?.host.kind === 'name' ? authority.host.name : authority?.host.ip;
      deepEqual(authority && [host, authority.port], want);
    });
  }
});

test('a wildcard matches any depth below its name, not the name, nor one that only ends alike', () => {
  const wild = parseHostPattern('*.API.test.');
  const exact = parseHostPattern('api.test');
  ok(wild && exact);
  deepEqual([patternText(wild), patternText(exact)], ['*.api.test', 'api.test']);
  const matched = ['api.test', 'a.api.test', 'b.a.api.test', 'myapi.test', 'test'].map((text) => {
    const name = parseHostname(text);
    ok(name);
    return [hostMatches(wild, name), hostMatches(exact, name)];
  });
  deepEqual(matched, [
    [false, true],
    [true, false],
    [true, false],
    [false, false],
    [false, false],
  ]);
});

test('no pattern: a star anywhere but as the whole first label', () => {
  for (const text of ['*', '*.', '**.a', '*a.test', 'a.*.test', '*.*.test', '*.203.0.113.1', 'a*']) {
    equal(parseHostPattern(text), undefined, text);
  }
});

test('a name is the same when it is read again; whatever the text, nothing throws', () => {
  const label = fc.stringMatching(/^[A-Za-z0-9_]([A-Za-z0-9_-]{0,10}[A-Za-z0-9_])?$/);
  const likely = fc.array(label, { minLength: 1, maxLength: 5 }).map((labels) => labels.join('.'));
  fc.assert(
    fc.property(
      fc.oneof(likely, fc.string({ unit: 'binary' })),
      fc.constantFrom('', '.', ':80', '.:1'),
      (text, end) => {
        const name = parseHostname(text + end);
        if (name !== undefined) {
          equal(parseHostname(name), name);
          equal(name, (text + end).toLowerCase().replace(/\.$/, ''));
          ok(/^[a-z0-9_.-]{1,253}$/.test(name));
        }
        parseHostPattern(`*.${text}`);
        const authority = parseAuthority(text + end);
        if (authority?.host.kind === 'name') equal(parseHostname(authority.host.name), authority.host.name);
      },
    ),
    { numRuns: 2_000 },
  );
});

for (const [outer, inner, want] of [
  ['*', '*', true],
  ['*', 'a.example', true],
  ['a.example', '*', false],
  ['*.example', '*', false],
  ['a.example', 'a.example', true],
  ['a.example', 'b.example', false],
  ['a.example', '*.a.example', false],
  ['*.a.example', 'a.example', false],
  ['*.a.example', '*.a.example', true],
  ['*.a.example', 'x.a.example', true],
  ['*.a.example', 'y.x.a.example', true],
  ['*.a.example', '*.x.a.example', true],
  ['*.x.a.example', '*.a.example', false],
  ['*.a.example', 'xa.example', false],
] as const) {
  test(`${outer} ${want ? 'covers' : 'does not cover'} ${inner}`, () => {
    deepEqual(covers(pattern(outer), pattern(inner)), want);
  });
}

function pattern(written: string): HostPattern | 'any' {
  const found = written === '*' ? 'any' : parseHostPattern(written);
  if (!found) throw new Error(`no pattern: ${written}`);
  return found;
}
