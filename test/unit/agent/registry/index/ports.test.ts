import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { compile, EMPTY_RESOURCES } from '../../../../../agent/registry/compile.ts';
import { decide } from '../../../../../agent/registry/decide.ts';
import { addToPort, type PortIndex, portIndex, seesAny } from '../../../../../agent/registry/index/ports.ts';
import { flow, grant, http, MESH, type Said } from '../builders.ts';

function indexOf(...given: readonly Said[]): PortIndex {
  const index = portIndex();
  for (const said of given) {
    const rule = grant(said);
    for (const port of rule.ports) addToPort(index, rule, port);
  }
  return index;
}

test('HTTP stands by host and by address, TLS by host alone', () => {
  const index = indexOf(
    { hosts: ['a.test', '*.b.test'], ports: ['80 http'], addresses: ['203.0.113.1', '2001:db8::/32'] },
    { hosts: ['a.test'], ports: ['80 tls'], addresses: ['203.0.113.1'] },
  );
  deepEqual([index.http.exact.size, index.http.suffix.size, index.tls.exact.size], [1, 1, 1]);
  deepEqual([index.addresses.http[4].length, index.addresses.http[6].length, index.portOnly.length], [1, 1, 0]);
});

test('TCP stands by address, or by port alone where there is none', () => {
  const listed = indexOf({ hosts: ['a.test'], ports: ['22 tcp'], addresses: ['203.0.113.1'] });
  deepEqual([listed.addresses.tcp[4].length, listed.portOnly.length], [1, 0]);
  const open = indexOf({ hosts: ['a.test', 'b.test'], ports: ['22 tcp'] });
  deepEqual([open.addresses.tcp[4].length, open.portOnly.length], [0, 2]);
  deepEqual([open.http.exact.size, open.tls.exact.size], [0, 0]);
});

test('who sees a name rule of the port', () => {
  const index = indexOf(
    { hosts: ['a.test'], ports: ['80 http'], to: ['shop'] },
    { hosts: ['a.test'], ports: ['80 tls'] },
    { hosts: ['a.test'], ports: ['80 tcp'] },
  );
  deepEqual([seesAny(index.httpRules, 'shop'), seesAny(index.httpRules, 'bank')], [true, false]);
  deepEqual([seesAny(index.tlsRules, 'shop'), seesAny(index.tlsRules, 'bank')], [true, true]);
  equal(seesAny(portIndex().httpRules, 'shop'), false);
});

test('a grant without hosts admits nothing', () => {
  const index = portIndex();
  const rule = { ...grant({ hosts: ['a.test'], ports: ['22 tcp'], addresses: ['203.0.113.1'] }), hosts: [] };
  for (const port of rule.ports) addToPort(index, rule, port);
  deepEqual([index.addresses.tcp[4].length, index.portOnly.length], [0, 0]);
});

test('of 100 000 rules a decision looks at one', () => {
  let looks = 0;
  const grants = Array.from({ length: 100_000 }, (_, at) => {
    const rule = grant({ name: `n${at}`, hosts: [`h${at}.test`], ports: ['80 http'], to: ['shop'] });
    return {
      ...rule,
      get visibleTo() {
        looks++;
        return rule.visibleTo;
      },
    };
  });
  const registry = compile({ ...EMPTY_RESOURCES, grants }, 1);
  looks = 0;
  const found = decide(registry, MESH, flow('203.0.113.1:80', http('h77777.test')));
  equal(found.kind === 'allow' && found.matched[0]?.name, 'n77777');
  equal(decide(registry, MESH, flow('203.0.113.1:80', http('none.test'))).kind, 'deny');
  equal(looks, 1, 'of the one rule alone');
});
