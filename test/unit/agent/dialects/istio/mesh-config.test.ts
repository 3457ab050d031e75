import { deepEqual } from 'node:assert/strict';
import { test } from 'node:test';
import type { Contribution } from '../../../../../agent/dialects/dialect.ts';
import { readDocuments } from '../../../../../agent/sources/documents.ts';
import { type Row, soundDocument, testRows } from '../marked-document.ts';

const HEAD = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: istio\n  namespace: istio-system\n';

function mesh(text: string): string {
  return `${HEAD}data:\n  mesh: |\n${text}`;
}

const REF = { kind: 'ConfigMap', namespace: 'istio-system', name: 'istio' };

for (const value of ['REGISTRY_ONLY', 'ALLOW_ANY']) {
  test(`mode ${value}`, () => {
    deepEqual(soundDocument(mesh(`    outboundTrafficPolicy:\n      mode: ${value}\n`)).contribution, {
      kind: 'mode',
      mode: { value, ref: REF },
    });
  });
}

test('the text may be quoted, or JSON', () => {
  const mode = { kind: 'mode', mode: { value: 'ALLOW_ANY', ref: REF } };
  deepEqual(soundDocument(`${HEAD}data: {mesh: "outboundTrafficPolicy: {mode: ALLOW_ANY}"}\n`).contribution, mode);
  deepEqual(
    soundDocument(`${HEAD}data:\n  mesh: '{"outboundTrafficPolicy": {"mode": "ALLOW_ANY"}}'\n`).contribution,
    mode,
  );
});

test('outbound_traffic_policy is read as well', () => {
  const [document] = readDocuments('a.yaml', mesh('    outbound_traffic_policy: {mode: ALLOW_ANY}\n'));
  deepEqual(document?.contribution, { kind: 'mode', mode: { value: 'ALLOW_ANY', ref: REF } });
});

for (const [says, yaml] of [
  [
    'without a policy',
    mesh('    enableTracing: true\n    defaultConfig:\n      holdApplicationUntilProxyStarts: true\n'),
  ],
  ['with a policy without mode', mesh('    outboundTrafficPolicy: {}\n')],
  ['that is empty', `${HEAD}data: {mesh: ""}\n`],
  ['of another name', mesh('    outboundTrafficPolicy: {mode: nonsense}\n').replace('name: istio', 'name: other')],
] as const) {
  test(`a mesh config ${says} sets nothing`, () => {
    const nothing: Contribution = { kind: 'nothing' };
    deepEqual(soundDocument(yaml).contribution, nothing);
  });
}

function bad(says: string, yaml: string, path: string, message: RegExp): Row {
  return { says, yaml, path, message };
}

const MODE = 'data.mesh: outboundTrafficPolicy.mode';

testRows([
  bad(
    'a mode of Istio that is not ours yet',
    mesh('    enableTracing: true\n\n    outboundTrafficPolicy:\n      mode: ▶ALLOW_ANY_DYNAMIC_DNS\n'),
    MODE,
    /expected REGISTRY_ONLY or ALLOW_ANY, found the text "ALLOW_ANY_DYNAMIC_DNS"$/,
  ),
  bad(
    'a misspelt mode',
    mesh('    # why not\n    outboundTrafficPolicy: {mode: ▶ALOW_ANY}\n'),
    MODE,
    /did you mean "ALLOW_ANY"/,
  ),
  bad('a mode that is a number', mesh('    outboundTrafficPolicy: {mode: ▶1}\n'), MODE, /found the number 1/),
  bad('a mode that is nothing', mesh('    outboundTrafficPolicy:\n      ▶mode:\n'), MODE, /found nothing/),
  bad(
    'a policy that is text',
    mesh('    outboundTrafficPolicy: ▶ALLOW_ANY\n'),
    'data.mesh: outboundTrafficPolicy',
    /mapping with "mode"/,
  ),
  bad(
    'a mode in quoted text is shown where the text begins',
    `${HEAD}data:\n  mesh: ▶"outboundTrafficPolicy: {mode: ANY}"\n`,
    MODE,
    /found the text "ANY"/,
  ),
  bad('text that is a list', mesh('    ▶- a\n'), 'data.mesh', /mapping\), found a list/),
  bad('text that is not YAML', `${HEAD}data:\n  mesh: ▶|\n    a: [\n`, 'data.mesh', /^not YAML: /),
  bad(
    'no text at all',
    `${HEAD}data:\n  ▶mesh:\n    outboundTrafficPolicy: {mode: ALLOW_ANY}\n`,
    'data.mesh',
    /YAML text, found a mapping/,
  ),
  bad('data that is text', `${HEAD}data: ▶mesh\n`, 'data', /found the text "mesh"/),
  {
    ...bad('no mesh key', `${HEAD}▶data:\n  meshNetworks: 'networks: {}'\n`, 'data.mesh', /missing: no mesh config/),
    severity: 'warning',
  },
  { ...bad('no data', `▶${HEAD}`, 'data.mesh', /missing/), severity: 'warning' },
  {
    ...bad(
      'another namespace',
      HEAD.replace('istio-system', '▶default'),
      'metadata.namespace',
      /only in namespace "istio-system"/,
    ),
    severity: 'warning',
  },
  {
    ...bad(
      'a misspelt policy',
      mesh('    ▶outboundTraficPolicy: {mode: ALLOW_ANY}\n'),
      'data.mesh: outboundTraficPolicy',
      /did you mean "outboundTrafficPolicy"/,
    ),
    severity: 'warning',
  },
  {
    ...bad(
      'a misspelt mode field',
      mesh('    outboundTrafficPolicy: {▶mod: ALLOW_ANY}\n'),
      'data.mesh: outboundTrafficPolicy.mod',
      /did you mean "mode"/,
    ),
    severity: 'warning',
  },
  {
    ...bad(
      'snake_case',
      mesh('    ▶outbound_traffic_policy: {mode: ALLOW_ANY}\n'),
      'data.mesh: outbound_traffic_policy',
      /read as/,
    ),
    severity: 'warning',
  },
]);
