import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { hostMatches, parseHostPattern, patternText } from '../../../../../agent/model/hostname.ts';
import {
  addHost,
  findCovering,
  findHost,
  type HostIndex,
  hostIndex,
} from '../../../../../agent/registry/index/hosts.ts';
import { hostname } from '../builders.ts';

function indexOf(patterns: readonly string[]): HostIndex<string> {
  const index = hostIndex<string>();
  for (const text of patterns) {
    const pattern = parseHostPattern(text);
    ok(pattern, text);
    addHost(index, pattern, text);
  }
  return index;
}

/** All groups that were offered, in order. */
function offered(index: HostIndex<string>, name: string): readonly string[] {
  const groups: string[] = [];
  findHost(index, hostname(name), (values) => {
    groups.push(values.join('+'));
    return undefined;
  });
  return groups;
}

test('exact first, then wildcards, the longest first', () => {
  const index = indexOf(['*.test', 'a.b.test', '*.b.test', 'b.test', '*.a.b.test']);
  deepEqual(offered(index, 'a.b.test'), ['a.b.test', '*.b.test', '*.test']);
  deepEqual(offered(index, 'b.test'), ['b.test', '*.test']);
  deepEqual(offered(index, 'test'), []);
});

test('values of one pattern come together, in the order in which they were added', () => {
  const index = hostIndex<string>();
  const pattern = { kind: 'exact', name: hostname('a.test') } as const;
  addHost(index, pattern, 'first');
  addHost(index, pattern, 'second');
  deepEqual(offered(index, 'a.test'), ['first+second']);
});

test('the first group of which one is taken ends the search', () => {
  const index = indexOf(['*.test', '*.b.test', 'a.b.test']);
  equal(
    findHost(index, hostname('a.b.test'), ([value]) => (value?.startsWith('*') ? value : undefined)),
    '*.b.test',
  );
});

test('it finds what looking at each pattern finds', () => {
  const label = fc.constantFrom('a', 'b', 'c');
  const name = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.'));
  const pattern = fc.tuple(fc.boolean(), name).map(([wild, text]) => (wild ? `*.${text}` : text));
  fc.assert(
    fc.property(fc.uniqueArray(pattern), name, (patterns, asked) => {
      const found = offered(indexOf(patterns), asked).toSorted();
      const each = patterns.map((text) => parseHostPattern(text)).filter((each) => each !== undefined);
      const matching = each.filter((one) => hostMatches(one, hostname(asked)));
      deepEqual(found, matching.map(patternText).toSorted());
    }),
  );
});

test('a wildcard is covered by itself, then by wider ones', () => {
  const index = indexOf(['*.test', '*.b.test', 'b.test', 'a.b.test', '*.a.b.test']);
  const covering = (text: string): readonly string[] => {
    const groups: string[] = [];
    const pattern = parseHostPattern(text);
    ok(pattern);
    findCovering(index, pattern, (values) => {
      groups.push(values.join('+'));
      return undefined;
    });
    return groups;
  };
  deepEqual(covering('*.b.test'), ['*.b.test', '*.test']);
  deepEqual(covering('*.x.b.test'), ['*.b.test', '*.test']);
  deepEqual(covering('*.test'), ['*.test']);
  deepEqual(covering('*.other'), []);
  deepEqual(covering('a.b.test'), ['a.b.test', '*.b.test', '*.test'], 'an exact one as findHost does');
});

test('a look-up costs one probe a label, whatever the number of patterns', () => {
  const counted = (size: number): number => {
    const index = indexOf(Array.from({ length: size }, (_, at) => (at % 2 ? `*.h${at}.test` : `h${at}.test`)));
    let probes = 0;
    const counting = <V>(map: Map<string, V>): Map<string, V> =>
      new Proxy(map, {
        get(target, key) {
          if (key !== 'get') return Reflect.get(target, key, target);
          return (name: string) => {
            probes++;
            return target.get(name);
          };
        },
      });
    const watched = { exact: counting(index.exact), suffix: counting(index.suffix) };
    findHost(watched, hostname('x.y.h1.test'), (values) => values[0]);
    return probes;
  };
  equal(counted(1_000), counted(100_000));
  ok(counted(100_000) <= 5);
});
