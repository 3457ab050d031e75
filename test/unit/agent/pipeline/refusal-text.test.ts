import { equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import type { Evidence } from '../../../../agent/model/evidence.ts';
import type { Source } from '../../../../agent/model/workload.ts';
import { refusalText } from '../../../../agent/pipeline/refusal-text.ts';
import { endpoint } from '../../../support/access-record.ts';
import { http, OPAQUE, workload } from '../registry/builders.ts';
import { Conversations } from '../relay/conversations.ts';

const KNOWN: Source = { kind: 'workload', workload: workload('shop') };

test('one line: the reason, who, where to, and the call of explain that tells more', async (t) => {
  const { conversation } = await new Conversations(t).open();
  const said = (to: string, shows: Evidence, source: Source = KNOWN, reason = 'not-listed') => {
    const enrolled = { netns: undefined, namespace: 'shop', pod: 'web-0' };
    const flow = { conversation, enrolled, startedAt: 0, destination: endpoint(to, 80), source };
    const text = refusalText(flow, shows, reason);
    ok(!/[\r\n]/.test(text));
    ok(refusalText(flow, shows, 'dial-refused', 'unreached').endsWith(':80 is let through, but was not reached'));
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
