import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { Grant } from '../../../../agent/registry/model.ts';
import { type ReadDocument, readDocuments } from '../../../../agent/sources/documents.ts';

function fixture(name: string): string {
  return readFileSync(new URL(`../../../fixtures/config/${name}`, import.meta.url), 'utf8');
}

function grantsIn(documents: readonly ReadDocument[]): readonly Grant[] {
  return documents.flatMap(({ contribution }) => (contribution?.kind === 'grant' ? [contribution.grant] : []));
}

function problemsIn(
  documents: readonly ReadDocument[],
): readonly (readonly [severity: string, line: number, column: number, path: string])[] {
  return documents.flatMap(({ problems }) =>
    problems.map(({ severity, position, path }) => [severity, position.line, position.column, path] as const),
  );
}

test('the documents of the guides are sound', () => {
  for (const name of ['listed/aliyun.yaml', 'listed/mesh.yaml'])
    deepEqual(problemsIn(readDocuments(name, fixture(name))), []);
  const proxy = readDocuments('p.yaml', fixture('proxy/service-entries.yaml'));
  deepEqual(
    grantsIn(proxy).map(({ ref }) => ref.name),
    ['httpbin-ext', 'cnn', 'localhost'],
  );
  deepEqual(problemsIn(proxy), [['warning', 47, 14, 'spec.endpoints[0].address']]);
});

test('a broken document takes neither the one before nor the one after with it', () => {
  const documents = readDocuments('three.yaml', fixture('broken/three.yaml'));
  deepEqual(
    grantsIn(documents).map(({ ref }) => ref.name),
    ['before'],
  );
  deepEqual(problemsIn(documents), [
    ['error', 16, 3, ''],
    ['error', 24, 20, 'spec.ports[0].number'],
  ]);
  deepEqual(
    documents.map(({ place, wreck, key }) => [place, wreck, key]),
    [
      ['three.yaml#0', false, 'networking.istio.io/ServiceEntry/default/before'],
      ['three.yaml#1', true, 'networking.istio.io/ServiceEntry/default/broken'],
      ['three.yaml#2', false, 'networking.istio.io/ServiceEntry/default/after'],
    ],
  );
});

test('a List is unpacked, with positions and paths inside it', () => {
  const list = [
    'apiVersion: v1',
    'kind: List',
    'items:',
    '- apiVersion: v1',
    '  kind: Pod',
    '  metadata: {name: a}',
    '- apiVersion: v1',
    '  kind: Pod',
    '  metadata: {name: B}',
    '- nothing',
    '',
  ].join('\n');
  const documents = readDocuments('l.yaml', list);
  deepEqual(
    documents.map(({ place, ref }) => [place, ref?.name]),
    [
      ['l.yaml#0.0', 'a'],
      ['l.yaml#0.1', 'B'],
      ['l.yaml#0.2', undefined],
    ],
  );
  deepEqual(problemsIn(documents), [
    ['error', 9, 20, 'items[1].metadata.name'],
    ['error', 10, 3, 'items[2]'],
  ]);
});

test('a List without items is not one', () => {
  const [document] = readDocuments('l.yaml', 'apiVersion: v1\nkind: List\n');
  equal(document?.unread?.kind, '/List');
});

test('a kind that nobody reads says so, and is no problem of the document', () => {
  const [document] = readDocuments('d.yaml', '# x\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\n');
  deepEqual([document?.problems, document?.contribution, document?.key], [[], { kind: 'nothing' }, undefined]);
  equal(document?.unread?.kind, 'apps/Deployment');
  deepEqual(document?.locate({ path: ['kind'], within: undefined, at: 'value' }), {
    file: 'd.yaml',
    line: 3,
    column: 7,
  });
});

test('empty documents are passed over', () => {
  deepEqual(readDocuments('e.yaml', '---\n---\n# nothing\n---\n~\n---\n'), []);
});

test('a template that was not filled in is shown where it stands', () => {
  const documents = readDocuments('t.yaml', '# t\napiVersion: v1\nkind: Pod\nmetadata:\n  name: {{ .Values.name }}\n');
  deepEqual(problemsIn(documents), [['error', 5, 10, '']]);
  match(documents[0]?.problems[0]?.message ?? '', /^not YAML: .*key/);
});

/** Random harm to a sound text: what a half-written file, a bad merge or a slip of the hand leaves. */
const harm = fc.record({
  at: fc.nat(1_000),
  cut: fc.nat(30),
  put: fc.oneof(
    fc.constantFrom(
      '',
      '\n',
      ' ',
      '"',
      '*',
      '[',
      '}',
      ': ',
      '- ',
      '---\n',
      '&a ',
      '*a',
      '|',
      '\t',
      '0',
      'null',
      '"*"',
      '~',
      '<<: ',
      '_',
      '/',
    ),
    fc.string({ maxLength: 4 }),
  ),
});

test('whatever is done to a file: no throw, no grant without sound hosts and ports, every refusal with a place', () => {
  const texts = ['listed/aliyun.yaml', 'listed/mesh.yaml', 'proxy/service-entries.yaml', 'broken/three.yaml'].map(
    fixture,
  );
  fc.assert(
    fc.property(fc.constantFrom(...texts), fc.array(harm, { minLength: 1, maxLength: 4 }), (sound, harms) => {
      let text = sound;
      for (const { at, cut, put } of harms)
        text = text.slice(0, at % text.length) + put + text.slice((at % text.length) + cut) || ' ';
      const lines = text.split('\n').length;
      for (const document of readDocuments('x.yaml', text)) {
        const refused = document.problems.some(({ severity }) => severity === 'error');
        equal(document.contribution === undefined, refused, 'refused exactly with an error');
        for (const { position, message } of document.problems) {
          ok(
            position.line >= 1 && position.line <= lines && position.column >= 1,
            `${position.line}:${position.column} of ${lines}`,
          );
          ok(message.length > 0);
        }
      }
      for (const grant of grantsIn(readDocuments('x.yaml', text))) expectSound(grant);
    }),
    { numRuns: 1_000 },
  );
});

function expectSound({ hosts, ports, reach, addresses, ref }: Grant): void {
  ok(hosts.length > 0 && ports.length > 0 && ref.name !== '' && ref.namespace !== '');
  for (const host of hosts) match(host.name, /^[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?$/);
  for (const port of ports) ok(port.number >= 1 && port.number <= 65_535 && port.targetPort >= 1 && port.name !== '');
  for (const { bits, family } of addresses) ok(bits <= (family === 4 ? 32 : 128));
  ok(reach.kind !== 'resolve' || hosts.every((host) => host.kind === 'exact'), 'a wildcard is never resolved');
}
