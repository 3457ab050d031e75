import { equal, match } from 'node:assert/strict';
import { test } from 'node:test';
import { fullName, fullPattern, hostOrAny, hostPattern, nameOfHost } from '../../../../../agent/dialects/istio/host.ts';
import { type HostPattern, patternText } from '../../../../../agent/model/hostname.ts';

function text(pattern: HostPattern | 'any'): string {
  return pattern === 'any' ? '*' : patternText(pattern);
}

for (const [written, full] of [
  ['reviews', 'reviews.shop.svc.cluster.local'],
  ['Reviews', 'reviews.shop.svc.cluster.local'],
  ['reviews.', 'reviews'],
  ['reviews.web', 'reviews.web'],
  ['A.Example.', 'a.example'],
] as const) {
  test(`${written} is ${full}`, () => {
    equal(fullName(nameOfHost.parse(written), 'shop'), full);
    equal(text(fullPattern(hostPattern.parse(written), 'shop')), full);
    equal(text(fullPattern(hostOrAny.parse(written), 'shop')), full);
  });
}

test('wildcards are never short', () => {
  equal(text(fullPattern(hostPattern.parse('*.example'), 'shop')), '*.example');
  equal(text(fullPattern(hostOrAny.parse('*'), 'shop')), '*');
});

test('a namespace that makes no name', () => {
  equal(fullName(nameOfHost.parse('reviews'), 'not a namespace'), 'reviews');
});

for (const [written, why] of [
  ['198.18.0.1', /; an address is no host$/],
  ['2001:db8::1', /; an address is no host$/],
  ['198.18.0.0/15', /; an address is no host$/],
  ['https://a.example', /without the scheme$/],
  ['a.example:80', /without the port$/],
  ['a.*.example', /whole first label$|cannot be dialled$/],
  ['bücher.example', /xn--/],
  ['-a.example', /found the text "-a.example"$/],
] as const) {
  test(`${written} is no host`, () => {
    for (const schema of [nameOfHost, hostPattern, hostOrAny])
      match(schema.safeParse(written).error?.issues[0]?.message ?? '', why);
  });
}

test('what cannot be dialled, and what is too wide', () => {
  match(nameOfHost.safeParse('*.example').error?.issues[0]?.message ?? '', /a wildcard cannot be dialled$/);
  match(hostPattern.safeParse('*').error?.issues[0]?.message ?? '', /"\*" alone is too wide here$/);
});
