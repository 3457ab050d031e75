import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { admitsTarget, targetOf } from '../../../../agent/pipeline/connect-target.ts';
import { assumed, MESH, port, registryOf, type Said, workload } from '../registry/builders.ts';
import { requestHead } from '../wire/request-head.ts';

function connect(target: string) {
  return requestHead(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`);
}

test('the target is the name or address asked for, whatever address the proxy has', () => {
  deepEqual(targetOf(connect('a.test:443')), {
    destination: { ip: undefined, port: port(443) },
    answers: assumed('a.test'),
  });
  deepEqual(targetOf(connect('203.0.113.7:443')), {
    destination: { ip: '203.0.113.7', port: port(443) },
    answers: assumed(null),
  });
  deepEqual(targetOf(connect('[2001:db8::7]:8443'))?.destination, { ip: '2001:db8::7', port: port(8443) });
  equal(targetOf(requestHead('GET / HTTP/1.0\r\n\r\n')), undefined);
});

const rows: readonly { says: string; grants: readonly Said[]; target: string; want: string }[] = [
  { says: 'its TLS name', grants: [{ hosts: ['a.test'], ports: ['443 tls'] }], target: 'a.test:443', want: 'allow' },
  { says: 'its HTTP name', grants: [{ hosts: ['a.test'], ports: ['80 http'] }], target: 'a.test:80', want: 'allow' },
  {
    says: 'a TCP address',
    grants: [{ hosts: ['x'], addresses: ['203.0.113.0/24'], ports: ['22 tcp'] }],
    target: '203.0.113.7:22',
    want: 'allow',
  },
  {
    says: 'another port',
    grants: [{ hosts: ['a.test'], ports: ['443 tls'] }],
    target: 'a.test:8443',
    want: 'not-listed 502',
  },
  {
    says: 'another name',
    grants: [{ hosts: ['a.test'], ports: ['443 tls'] }],
    target: 'b.test:443',
    want: 'not-listed 502',
  },
  {
    says: 'another address',
    grants: [{ hosts: ['x'], addresses: ['203.0.113.0/24'], ports: ['22 tcp'] }],
    target: '198.18.0.7:22',
    want: 'not-listed 502',
  },
  {
    says: 'a name, where an address is asked for',
    grants: [{ hosts: ['a.test'], ports: ['443 tls'] }],
    target: '203.0.113.7:443',
    want: 'not-listed 502',
  },
];

for (const { says, grants, target, want } of rows) {
  test(`CONNECT ${target} where ${says} is listed: ${want}`, () => {
    const source = { kind: 'workload', workload: workload('shop') } as const;
    const verdict = admitsTarget(registryOf(grants), MESH, source, connect(target));
    equal(verdict.kind === 'deny' ? `${verdict.reason} ${verdict.httpStatus}` : verdict.kind, want);
  });
}

test('a workload that nobody knows tunnels nowhere', () => {
  const registry = registryOf([{ hosts: ['a.test'], ports: ['443 tls'] }]);
  const verdict = admitsTarget(registry, MESH, { kind: 'unknown' }, connect('a.test:443'));
  equal(verdict.kind === 'deny' && verdict.reason, 'source-unknown');
});

test('what asks for no target gets none', () => {
  const registry = registryOf([], 'ALLOW_ANY');
  const source = { kind: 'workload', workload: workload('shop') } as const;
  const verdict = admitsTarget(registry, MESH, source, requestHead('GET / HTTP/1.0\r\n\r\n'));
  equal(verdict.kind === 'deny' && verdict.reason, 'not-listed');
});
