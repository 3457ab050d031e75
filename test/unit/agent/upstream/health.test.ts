import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { Endpoint } from '../../../../agent/model/address.ts';
import { type EndpointHealth, endpointHealth } from '../../../../agent/upstream/health.ts';
import { endpoint } from '../../../support/access-record.ts';

const A = endpoint('203.0.113.1', 80);
const B = endpoint('203.0.113.2', 80);
const C = endpoint('203.0.113.3', 80);

/** A health whose clock stands until it is moved. */
function health(): EndpointHealth & { readonly clock: { now: number } } {
  const clock = { now: 1_000 };
  return { ...endpointHealth(() => clock.now), clock };
}

/** For how long after a failure an endpoint comes last. */
function leftFor(asked: ReturnType<typeof health>, left: Endpoint, other: Endpoint): number {
  const start = asked.clock.now;
  while (asked.ordered([left, other])[0] === other) asked.clock.now += 1_000;
  return asked.clock.now - start;
}

test('nobody has failed: as they come', () => {
  const { ordered, reached } = health();
  reached(A);
  deepEqual(ordered([B, A, C]), [B, A, C]);
});

test('what failed lately comes last, in the order of each; an answer puts it back', () => {
  const { ordered, failed, reached } = health();
  failed(A);
  deepEqual(ordered([A, B, C]), [B, C, A]);
  failed(B);
  deepEqual(ordered([A, B, C]), [C, A, B]);
  reached(A);
  deepEqual(ordered([A, B, C]), [A, C, B]);
});

test('all have failed, or there is but one: all are tried, in their order', () => {
  const { ordered, failed } = health();
  for (const each of [C, A, B]) failed(each);
  deepEqual(ordered([A, B, C]), [A, B, C]);
  deepEqual(ordered([B]), [B]);
});

test('an endpoint is an address with its port', () => {
  const { ordered, failed } = health();
  const [other, v6] = [endpoint('203.0.113.1', 81), endpoint('2001:db8::1', 80)];
  failed(A);
  deepEqual(ordered([A, other, v6]), [other, v6, A]);
  failed(v6);
  deepEqual(ordered([v6, endpoint('2001:db8::1', 80), other]), [other, v6, v6], 'equal, whoever made it');
});

test('for five seconds, five more with each failure in a row, thirty at most', () => {
  const asked = health();
  const seconds = Array.from({ length: 8 }, () => {
    asked.failed(A);
    return leftFor(asked, A, B) / 1_000;
  });
  deepEqual(seconds, [5, 10, 15, 20, 25, 30, 30, 30], 'a time that is over does not end the row');
  asked.reached(A);
  asked.failed(A);
  equal(leftFor(asked, A, B), 5_000, 'an answer does');
});

test('up to the moment itself, not beyond', () => {
  const asked = health();
  asked.failed(A);
  asked.clock.now += 4_999;
  deepEqual(asked.ordered([A, B]), [B, A]);
  asked.clock.now += 1;
  deepEqual(asked.ordered([A, B]), [A, B]);
});

test('the newest 1024 are remembered: a failure again makes one new', () => {
  const { ordered, failed } = health();
  const many = Array.from({ length: 1_024 }, (_, at) => endpoint(`198.18.${at >> 8}.${at & 255}`, 80));
  const [first = A, second = A] = many;
  for (const each of many) failed(each);
  deepEqual(ordered([first, A]), [A, first]);
  failed(first);
  failed(B);
  deepEqual(ordered([second, A]), [second, A], 'the oldest is forgotten');
  deepEqual(ordered([first, B, A]), [A, first, B]);
});

test('whatever happens, the same endpoints, none lost and none twice', () => {
  const step = fc.record({ to: fc.constantFrom(A, B, C), what: fc.constantFrom('failed', 'reached', 'later') });
  fc.assert(
    fc.property(fc.array(step), fc.shuffledSubarray([A, B, C], { minLength: 1 }), (steps, [one = A, ...more]) => {
      const asked = health();
      for (const { to, what } of steps) {
        if (what === 'later') asked.clock.now += 4_000;
        else asked[what](to);
      }
      deepEqual(new Set(asked.ordered([one, ...more])), new Set([one, ...more]));
      equal(asked.ordered([one, ...more]).length, 1 + more.length);
    }),
  );
});
