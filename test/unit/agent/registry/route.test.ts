import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import type { Entry } from '../../../../agent/registry/index/ports.ts';
import { isAnswer, isListed, needAnswers, routeOf } from '../../../../agent/registry/route.ts';
import { assumed, flow, grant, hostname, ip, OPAQUE, resolved, type Said } from './builders.ts';

function entryOf(said: Said): Entry {
  const rule = grant(said);
  const [port] = rule.ports;
  const [host] = rule.hosts;
  if (!port || !host) throw new TypeError('a rule has a port and a host');
  return { grant: rule, port, host };
}

const API = hostname('api.test');
const FACTS = flow('203.0.113.1:80', OPAQUE);

test('a wildcard without a name can only be reached where it was dialled', () => {
  const entry = entryOf({ hosts: ['*.api.test'], ports: ['80 tcp'], reach: 'original' });
  deepEqual(routeOf(entry, undefined, FACTS), {
    via: 'direct',
    dial: 'original',
    targets: [],
    cluster: 'outbound|80||*.api.test',
  });
});

test('a wildcard without a name has nothing to resolve', () => {
  const entry = entryOf({ hosts: ['*.api.test'], ports: ['80 tcp'] });
  deepEqual(routeOf(entry, undefined, FACTS), {
    via: 'direct',
    dial: 'name',
    targets: [],
    cluster: 'outbound|80||*.api.test',
  });
});

test('an unknown destination is listed nowhere and is no answer', () => {
  const unknown = flow(':80', OPAQUE, resolved({ 'api.test': ['203.0.113.1'] }));
  equal(isListed(entryOf({ hosts: ['api.test'], ports: ['80 tcp'], addresses: ['0.0.0.0/0'] }), undefined), false);
  equal(isAnswer(unknown, API, { kind: 'resolve' }), false);
  equal(isAnswer(unknown, API, { kind: 'endpoints', endpoints: [] }), false);
});

test('answers decide only where they are those of the name', () => {
  const reach = { kind: 'original' } as const;
  equal(isAnswer(FACTS, API, reach), undefined);
  equal(isAnswer({ ...FACTS, answers: resolved({ 'other.test': ['203.0.113.1'] }) }, API, reach), undefined);
  equal(isAnswer({ ...FACTS, answers: resolved({ 'api.test': ['203.0.113.1'] }) }, API, reach), true);
  equal(isAnswer({ ...FACTS, answers: resolved({ 'api.test': [] }) }, API, reach), false);
  equal(isAnswer({ ...FACTS, answers: assumed('api.test') }, API, reach), true);
  equal(isAnswer({ ...FACTS, answers: assumed(null) }, API, reach), false);
});

test('endpoints are asked no DNS for', () => {
  const { reach } = grant({ hosts: ['api.test'], ports: ['80 tcp'], reach: ['203.0.113.1', 'backend.test'] });
  equal(isAnswer(FACTS, API, reach), true);
  equal(isAnswer({ ...FACTS, destination: { ...FACTS.destination, ip: ip('203.0.113.2') } }, API, reach), false);
});

test('a need for answers cannot be passed without', () => {
  deepEqual(needAnswers([API]), { kind: 'need', attributes: ['answers'], names: [API], admissibleWithout: false });
});
