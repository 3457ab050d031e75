import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { targetOf } from '../../../../agent/pipeline/connect-target.ts';
import { cutWhenRevoked, POLICY_CHANGED, stillAdmitted } from '../../../../agent/pipeline/rejudge.ts';
import { readAll } from '../../../support/mover-log.ts';
import { assumed, HTTP2, http, OPAQUE, OPEN, port, registryOf, type Said, SILENT, tls } from '../registry/builders.ts';
import { Conversations } from '../relay/conversations.ts';
import { requestHead } from '../wire/request-head.ts';
import { identified, Staged } from './staged.ts';

const ALL_TCP: Said = { hosts: ['tcp.test'], ports: ['80 tcp'] };
const NAMED: Said = { hosts: ['a.test'], ports: ['80 http', '443 tls'] };
/** Only towards the addresses that the name resolves to. */
const ORIGINAL: Said = { hosts: ['a.test'], ports: ['80 http'], reach: 'original' };

const rows = [
  { says: 'a request whose name is listed', evidence: http('a.test'), grants: [NAMED], want: true },
  { says: 'a request whose name is not', evidence: http('b.test'), grants: [NAMED], want: false },
  { says: 'a hello whose name is listed', evidence: tls('a.test'), to: 443, grants: [NAMED], want: true },
  { says: 'a hello whose name is not', evidence: tls('b.test'), to: 443, grants: [NAMED], want: false },
  { says: 'bytes, where every byte is admitted', evidence: OPAQUE, grants: [ALL_TCP], want: true },
  { says: 'bytes, where only names are', evidence: OPAQUE, grants: [NAMED], want: false },
  { says: 'HTTP/2, where only names are', evidence: HTTP2, grants: [NAMED], want: false },
  { says: 'a flow that has said nothing, where that is admitted', evidence: OPEN, grants: [ALL_TCP], want: true },
  { says: 'a flow that has said nothing, where only names are', evidence: OPEN, grants: [NAMED], want: false },
  { says: 'a silent flow, where only names are', evidence: SILENT, grants: [NAMED], want: false },
  { says: 'a request, with nothing listed', evidence: http('a.test'), grants: [], want: false },
] as const satisfies readonly { says: string; evidence: object; to?: number; grants: readonly Said[]; want: boolean }[];

for (const row of rows) {
  test(`${row.says}: ${row.want ? 'still admitted' : 'no longer'}`, async (t) => {
    const { conversation } = await new Conversations(t).open();
    const { stages } = new Staged(registryOf(row.grants));
    const flow = identified(conversation, '203.0.113.9', 'to' in row ? row.to : 80);
    equal(await stillAdmitted(flow, row.evidence, stages), row.want);
  });
}

test('where the addresses of a name decide, they are asked for', async (t) => {
  const { conversation } = await new Conversations(t).open();
  const { stages } = new Staged(registryOf([ORIGINAL]), { 'a.test': ['203.0.113.9'] });
  equal(await stillAdmitted(identified(conversation), http('a.test'), stages), true);
});

test('inside a tunnel its target is asked for, not the proxy', async (t) => {
  const { conversation } = await new Conversations(t).open();
  const { stages } = new Staged(registryOf([{ hosts: ['b.test'], ports: ['443 tls'] }]));
  const asked = { destination: { ip: undefined, port: port(443) }, answers: assumed('b.test') };
  const flow = identified(conversation);
  equal(await stillAdmitted(flow, tls('b.test'), stages, asked), true);
  equal(await stillAdmitted(flow, tls('b.test'), stages), false);
});

test('a CONNECT is asked as its target too, and what is inside a tunnel with the proxy', async (t) => {
  const { conversation } = await new Conversations(t).open();
  const request = requestHead('CONNECT b.test:443 HTTP/1.1\r\nHost: b.test:443\r\n\r\n');
  const { method, authority, path: target, headers } = request;
  const evidence = { kind: 'http', request: { method, authority, target, headers } } as const;
  const asked = targetOf(request);
  ok(asked);
  const inner = { ...asked, through: { evidence, asked: undefined } };
  const flow = { ...identified(conversation), request };
  const proxy: Said = { hosts: ['proxy.test'], ports: ['80 tcp'] };
  const behind: Said = { hosts: ['b.test'], ports: ['443 tls'] };
  for (const [grants, want] of [
    [[proxy, behind], true],
    [[proxy], false],
    [[behind], false],
  ] as const) {
    const { stages } = new Staged(registryOf(grants));
    const says = grants.map(({ hosts }) => hosts.join()).join();
    equal(await stillAdmitted(flow, evidence, stages), want, says);
    equal(await stillAdmitted(identified(conversation), tls('b.test'), stages, inner), want, `inside: ${says}`);
  }
});

test('a registry that has been followed by another decides nothing', async (t) => {
  const { conversation } = await new Conversations(t).open();
  const among: readonly Said[] = [
    { name: 'x', hosts: ['x.test'], ports: ['80 tcp'] },
    { name: 'y', hosts: ['y.test'], ports: ['80 tcp'] },
  ];
  const staged = new Staged(registryOf(among));
  const flow = identified(conversation);
  equal(await stillAdmitted(flow, OPAQUE, staged.stages), false, 'the destination is an address of neither');
  const resolve = async () => {
    staged.registry = registryOf([]);
    return await Promise.resolve({ kind: 'none', because: 'nxdomain' } as const);
  };
  equal(await stillAdmitted(flow, OPAQUE, { ...staged.stages, resolve }), true, 'the next one will be asked');
});

test('revoked: the flow is reset, and why is known; admitted again and again: it is left alone', async (t) => {
  const { client, conversation } = await new Conversations(t).open();
  const staged = new Staged(registryOf([ALL_TCP]));
  const revoked = cutWhenRevoked(identified(conversation), () => OPAQUE, staged.stages);
  for (let times = 0; times < 10; times++) {
    staged.registry = registryOf([ALL_TCP]);
    await staged.live.rejudgeAll();
  }
  deepEqual([revoked(), conversation.over], [undefined, false]);
  staged.registry = registryOf([NAMED]);
  await staged.live.rejudgeAll();
  equal((await readAll(client)).error, 'ECONNRESET');
  equal(revoked(), POLICY_CHANGED);
  equal((await conversation.closedEvent).cause, 'closed');
});

test('what has ended by itself was not revoked', async (t) => {
  const { client, conversation } = await new Conversations(t).open();
  const staged = new Staged(registryOf([ALL_TCP]));
  const revoked = cutWhenRevoked(identified(conversation), () => OPAQUE, staged.stages);
  client.resetAndDestroy();
  await conversation.closedEvent;
  staged.registry = registryOf([]);
  await staged.live.rejudgeAll();
  equal(revoked(), undefined);
});
