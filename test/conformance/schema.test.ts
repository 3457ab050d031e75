/** A case that is written wrongly is an error that names file, case and field; never a check that is not made. */
import { deepEqual, ok, throws } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { parse } from 'yaml';
import { FOLDER, readSection } from '../support/conformance/read-section.ts';
import { parseTable } from '../support/conformance/table.ts';
import { tally } from '../support/conformance/tally.ts';

const VALID = `
section: Z
title: an example
ids: Z01
world:
  workloads: { sleep: default/sleep }
  gateways: { gw: { name: istio-system/egress-0, labels: { istio: egressgateway } } }
sets: { entry: [seed-000/service-entry.yaml] }
cases:
- id: Z01
  title: as it should be
  priority: P0
  origin: S
  resources: [entry]
  actions:
  - from: default/sleep
    curl: -sSI http://aliyun.com
    facts: { to: 'aliyun.com:80', host: aliyun.com }
    expect:
      status: 301
      reached: [{ origin: aliyun.com, from: node, port: 80 }]
      mesh: { verdict: allow, reason: granted, matched: [], line: { response_code: 301 } }
      gateway: none
`;

test('the example is valid', () => {
  deepEqual(readSection('z-example.yaml', VALID).problems, []);
});

describe('told with file, case and field', () => {
  for (const [from, to, problem] of [
    ['title: an example', 'titel: an example', 'titel: no such field'],
    ['priority: P0', 'prio: P0', 'Z01: prio: no such field'],
    ['status: 301', 'stauts: 301', 'Z01: actions[0].expect.stauts: no such field'],
    ['verdict: allow', 'verdcit: allow', 'Z01: actions[0].expect.mesh.verdcit: no such field'],
    ['response_code: 301', 'respons_code: 301', /^Z01: actions\[0\]\.expect\.mesh\.line\.respons_code: /],
    [
      'response_code: 301',
      'response_code: { mathces: x }',
      /^Z01: actions\[0\]\.expect\.mesh\.line\.response_code\.mathces: /,
    ],
    [
      'response_code: 301',
      "response_code: { matches: '(' }",
      /^Z01: actions\[0\]\.expect\.mesh\.line\.response_code\.matches: not a reg/,
    ],
    ['origin: aliyun.com, from', 'orign: aliyun.com, from', 'Z01: actions[0].expect.reached[0].orign: no such field'],
    ['gateway: none', 'gateway: nobody', /^Z01: actions\[0\]\.expect\.gateway: /],
    ['priority: P0', 'priority: P9', /^Z01: priority: /],
    ['curl: -sSI', 'crul: -sSI', 'Z01: actions[0].crul: no such field'],
    ['curl: -sSI', 'openssl: s_client\n    curl: -sSI', 'Z01: actions[0]: expected exactly one of curl, openssl, tcp'],
    ['labels: {', 'lables: {', 'world.gateways.gw.lables: no such field'],
    ['[entry]', '[entries]', 'Z01: resources[0]: no set entries'],
    ['[entry]', '[seed-000/none.yaml]', 'Z01: resources[0]: no file below test/fixtures/config seed-000/none.yaml'],
    ['[entry]', '[{ kind: ServiceEntry }]', /^Z01: resources\[0\]\.apiVersion: /],
    ['from: default/sleep', 'from: default/other', 'Z01: actions[0].from: no workload default/other'],
    ['resources: [entry]', 'behind: gw-2', 'Z01: behind: no gateway gw-2'],
    ['host: aliyun.com }', 'host: a.test, hop: gw-2 }', 'Z01: actions[0].facts.hop: neither mesh nor a gateway: gw-2'],
    ['-sSI', '-sS', 'Z01: actions[0].expect.status, expect.headers: they need curl -i or -I'],
    [
      'reached: [{ origin: aliyun.com, from: node, port: 80 }]',
      'exit: 0',
      /^Z01: actions\[0\]\.expect: expected reached, or never/,
    ],
    ['status: 301', 'never: [aliyun.com]', 'Z01: actions[0].expect.never: aliyun.com is in reached'],
    ['status: 301', 'never: [nobody.test]', 'Z01: actions[0].expect: no origin nobody.test'],
    ['status: 301', 'end: [fin]', 'Z01: actions[0].expect.end: it is for tcp, and tcp needs it'],
    ['ids: Z01', 'ids: Z01-Z02', 'ids: Z02 is in no case and not waiting'],
    ['ids: Z01', 'ids: Z03', 'ids: Z01 is missing'],
    ['cases:', 'waiting: [{ id: Z01, for: the next step }]\ncases:', 'ids: Z01 is there twice'],
    ['cases:', 'cases: [', /^./],
  ] as const) {
    test(to.replaceAll('\n', ' '), () => {
      ok(VALID.includes(from), 'the example has it');
      const { problems } = readSection('z-example.yaml', VALID.replace(from, to));
      const told = problems.map((each) => each.replace(/^z-example\.yaml: /, ''));
      ok(problems.every((each) => each.startsWith('z-example.yaml: ')));
      if (typeof problem === 'string') ok(told.includes(problem), told.join('\n'));
      else
        ok(
          told.some((each) => problem.test(each)),
          told.join('\n'),
        );
    });
  }
});

test('all problems at once', () => {
  const { problems } = readSection(
    'z.yaml',
    VALID.replace('status: 301', 'stauts: 1').replace('priority: P0', 'prio: P0'),
  );
  ok(problems.length >= 2, problems.join('\n'));
});

test('the tally tells who is waiting', () => {
  const { section } = readSection(
    'z.yaml',
    VALID.replace('ids: Z01', 'ids: Z01 Z02').replace('cases:', 'waiting: [{ id: Z02, for: x }]\ncases:'),
  );
  ok(section);
  deepEqual(tally([section]), 'conformance: 1 cases, 1 waiting (Z02)');
});

test('a table of Istio’s must be whole and give reasons for its differences, and only for them', () => {
  const text = readFileSync(`${FOLDER}istio-passthrough.yaml`, 'utf8');
  const read = (changed: string) => (): unknown => parseTable('t.yaml', parse(changed, { merge: true }));
  read(text)();
  throws(
    read(text.replace(/^ +- \{ port: 80 HTTP, says: HTTP.*\n/m, '')),
    /rows: with-address, ALLOW_ANY, port 80 HTTP, HTTP: missing/,
  );
  throws(
    read(text.replace('says: TCP', 'says: HTTP')),
    /rows: with-address, ALLOW_ANY, port 80 HTTP, HTTP: there twice/,
  );
  throws(read(text.replace(', differs: told-502', '')), /expected differs where istio and ours differ, and only there/);
  throws(read(text.replace('differs: told-502', 'differs: so')), /no difference so/);
  throws(read(text.replace('istio: PassthroughCluster', 'isto: PassthroughCluster')), /\[0\]\.isto: no such field/);
});
