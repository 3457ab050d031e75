import { equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import type { Evidence } from '../../../../agent/model/evidence.ts';
import type { Source } from '../../../../agent/model/workload.ts';
import { refusalText } from '../../../../agent/pipeline/refusal-text.ts';
import { endpoint } from '../../../support/access-record.ts';
import { http, ip, MESH, OPAQUE, tls, workload } from '../registry/builders.ts';
import { Conversations } from '../relay/conversations.ts';
import { located } from './staged.ts';

const KNOWN: Source = { kind: 'workload', workload: workload('shop') };

test('one line: the reason, who, where to, and the call of explain that tells more', async (t) => {
  const { conversation } = await new Conversations(t).open();
  const said = (to: string, shows: Evidence, source: Source = KNOWN, reason = 'not-listed') => {
    const flow = { ...located(conversation, to), source };
    const text = refusalText(flow, shows, reason, MESH);
    ok(!/[\r\n]/.test(text));
    ok(refusalText(flow, shows, 'dial-refused', MESH, 'unreached').endsWith(':80 is let through, but was not reached'));
    return text;
  };
  const start = 'weir: not-listed: shop/web-0 to';
  const ask = 'was not let through; to see why: weir-agent explain --config DIR --from shop/web-0 --to';
  equal(said('203.0.113.1', http('API.test')), `${start} api.test:80 ${ask} api.test:80 --host api.test`);
  equal(
    said('203.0.113.1', http('api.test:81')),
    `${start} api.test:80 ${ask} api.test:80 --host api.test:81`,
    'the Host port decides too',
  );
  const forbidden = said('169.254.169.254', http('api.test'), KNOWN, 'address-forbidden');
  ok(forbidden.endsWith('--to 169.254.169.254:80 --host api.test'), forbidden);
  equal(said('203.0.113.1', OPAQUE), `${start} 203.0.113.1:80 ${ask} 203.0.113.1:80`);
  equal(said('2001:db8::1', OPAQUE), `${start} [2001:db8::1]:80 ${ask} [2001:db8::1]:80`);
  const v6 = '[2001:db8::1]';
  equal(said('2001:db8::1', http('[2001:DB8::1]')), `${start} ${v6}:80 ${ask} ${v6}:80 --host ${v6}`);
  ok(
    said('203.0.113.1', http(undefined), { kind: 'unknown' }).startsWith('weir: not-listed: unknown to 203.0.113.1:80'),
  );
  conversation.close('rst');
});

test('at a gateway: which one, and the address of a client that is nobody who is known', async (t) => {
  const { conversation } = await new Conversations(t).open('x');
  const hop = { kind: 'gateway', namespace: 'istio-system', name: 'egress-0' } as const;
  const said = (client: string, source: Source, shows: Evidence = http('api.test'), to = '198.18.0.141') => {
    const flow = { ...located(conversation, to, 8080), client: endpoint(client, 47_942), source };
    return refusalText(flow, shows, 'no-route', hop);
  };
  const ask = 'was not let through; to see why: weir-agent explain --config DIR --hop gateway:istio-system/egress-0';
  equal(
    said('198.18.0.140', KNOWN),
    `weir: no-route: shop/web-0 to api.test:8080 ${ask} --from shop/web-0 --to api.test:8080 --host api.test`,
  );
  for (const client of ['203.0.113.7', '2001:db8::7']) {
    for (const source of [{ kind: 'outside', ip: ip(client) }, { kind: 'unknown' }] as const) {
      const inside = source.kind === 'unknown' ? ` --cluster-cidr ${client}` : '';
      equal(
        said(client, source),
        `weir: no-route: ${client} to api.test:8080 ${ask}${inside} --from ${client} --to api.test:8080 --host api.test`,
      );
    }
  }
  const own = '198.18.0.141:8080';
  for (const shows of [OPAQUE, tls('api.test')])
    equal(
      said('203.0.113.7', { kind: 'unknown' }, shows),
      `weir: no-route: 203.0.113.7 to ${own} ${ask} --cluster-cidr 203.0.113.7 --from 203.0.113.7 --to ${own}`,
    );
  const unreached = { ...located(conversation, '198.18.0.141', 80), source: { kind: 'unknown' } } as const;
  equal(
    refusalText(
      { ...unreached, client: endpoint('203.0.113.7', 1) },
      http('api.test'),
      'dial-refused',
      hop,
      'unreached',
    ),
    'weir: dial-refused: 203.0.113.7 to api.test:80 is let through, but was not reached',
  );
});
