import { deepEqual, equal } from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Attribute } from '../../../../agent/model/verdict.ts';
import { leaseOf } from '../../../../agent/pipeline/lease.ts';
import type { JudgedRequest } from '../../../../agent/pipeline/stages.ts';
import { registryOf } from '../registry/builders.ts';
import { Conversations } from '../relay/conversations.ts';
import { requestHead } from '../wire/request-head.ts';
import { identified, Staged } from './staged.ts';

const staged = new Staged(registryOf([{ hosts: ['a.test'], ports: ['80 http'] }]));
const { stages } = staged;
const LOOKED: readonly Attribute[] = ['source', 'port', 'http-host'];

/** A judged request of this text, whose verdict depended on these. */
async function judged(t: TestContext, text: string, dependsOn = LOOKED): Promise<JudgedRequest> {
  const { conversation } = await new Conversations(t).open();
  const request = requestHead(text);
  const { method, authority, path: target, headers } = request;
  return {
    ...identified(conversation),
    verdict: {
      kind: 'allow',
      reason: 'granted',
      route: { via: 'direct', dial: 'name', targets: [], cluster: 'outbound|80||a.test' },
      matched: [],
      dependsOn,
    },
    evidence: { kind: 'http', request: { method, authority, target, headers } },
    request,
    generation: staged.registry.generation,
  };
}

const GET = 'GET /x?y HTTP/1.1\r\nHost: A.test:80\r\n\r\n';

test('equal in what the verdict looked at; the Host always, byte for byte', async (t) => {
  const whole = {
    epoch: 7,
    validMs: 600,
    host: 'A.test:80',
    method: undefined,
    target: undefined,
    timeHeader: undefined,
  };
  deepEqual(leaseOf(await judged(t, GET), 400, 7, stages), whole);
  const methods = await judged(t, GET, [...LOOKED, 'http-method']);
  deepEqual(leaseOf(methods, 400, 7, stages), { ...whole, method: 'GET' });
  const paths = await judged(t, GET, [...LOOKED, 'http-path', 'destination', 'answers']);
  deepEqual(leaseOf(paths, 400, 7, stages), { ...whole, target: '/x?y' });
  const named = { ...stages, timeHeader: 'x-time' };
  deepEqual(leaseOf(await judged(t, GET), 400, 7, named), { ...whole, timeHeader: 'x-time' });
});

test('none where the verdict looked at what the mover does not compare', async (t) => {
  for (const attribute of ['http-headers', 'tls-name'] as const)
    equal(leaseOf(await judged(t, GET, [...LOOKED, attribute]), 0, 1, stages), undefined, attribute);
});

test('none for a request that names no host, nor for a verdict that is too old or of another registry', async (t) => {
  equal(leaseOf(await judged(t, 'GET / HTTP/1.0\r\n\r\n'), 0, 1, stages), undefined);
  const request = await judged(t, GET);
  equal(leaseOf(request, 1_000, 1, stages), undefined);
  equal(leaseOf(request, 999.5, 1, stages), undefined, 'less than a millisecond');
  equal(leaseOf(request, 999, 1, stages)?.validMs, 1);
  equal(leaseOf({ ...request, generation: request.generation - 1 }, 0, 1, stages), undefined);
});

test('none for a request whose verdict was that of what may follow it', async (t) => {
  equal(leaseOf(await judged(t, `${GET.slice(0, -2)}Upgrade: h2c\r\n\r\n`), 0, 1, stages), undefined);
  equal(leaseOf(await judged(t, 'CONNECT a.test:80 HTTP/1.1\r\nHost: a.test:80\r\n\r\n'), 0, 1, stages), undefined);
});

test('none where each request takes one of several routes, or is told something of its own', async (t) => {
  const request = await judged(t, GET);
  const { verdict } = request;
  if (verdict.kind !== 'allow') throw new TypeError('the test itself is wrong');
  const split = [
    { weight: 90, route: verdict.route },
    { weight: 10, route: verdict.route },
  ];
  equal(leaseOf({ ...request, verdict: { ...verdict, split } }, 0, 1, stages), undefined);
  for (const [clientAddress, requestId] of [
    [true, false],
    [false, true],
    [true, true],
  ] as const)
    equal(leaseOf(request, 0, 1, { ...stages, forward: { clientAddress, requestId } }), undefined);
  equal(leaseOf(request, 0, 1, stages)?.validMs, 1_000);
});
