import { deepEqual } from 'node:assert/strict';
import { test } from 'node:test';
import type { Problem } from '../../../../agent/model/resource.ts';
import { readDocuments } from '../../../../agent/sources/documents.ts';
import {
  type FileReading,
  type InForce,
  NOTHING_IN_FORCE,
  resourceSetOf,
  settle,
} from '../../../../agent/sources/in-force.ts';

/** A ServiceEntry in one line; `host` `*` is not valid. */
function se(name: string, host: string): string {
  return `{apiVersion: networking.istio.io/v1, kind: ServiceEntry, metadata: {name: ${name}}, spec: {hosts: ["${host}"], ports: [{number: 80, name: http, protocol: HTTP}], resolution: DNS}}`;
}

const file = (name: string, ...documents: string[]): FileReading => ({
  file: name,
  documents: readDocuments(name, documents.join('\n---\n')),
});

const unreadable = (name: string): FileReading => {
  const problem: Problem = {
    severity: 'error',
    position: { file: name, line: 1, column: 1 },
    resource: undefined,
    path: '',
    message: 'gone',
  };
  return { file: name, problem };
};

type Step = {
  readonly files: readonly FileReading[];
  readonly hosts: readonly string[];
  readonly problems?: readonly string[];
};

/** Each step is a reading of the folder: what is then in force, and at which `file:line` something is wrong (`=`: the last good stays). */
function story(says: string, steps: readonly Step[]): void {
  test(says, () => {
    let inForce: InForce = NOTHING_IN_FORCE;
    for (const [at, { files, hosts, problems = [] }] of steps.entries()) {
      const settled = settle(inForce, files);
      inForce = settled.inForce;
      const found = resourceSetOf(inForce).grants.flatMap((grant) =>
        grant.hosts.map((host) => `${grant.ref.name}=${host.name}`),
      );
      deepEqual(found.toSorted(), hosts, `in force at step ${at}`);
      deepEqual(settled.problems.map(brief), problems, `problems at step ${at}`);
    }
  });
}

function brief({ position, message, severity }: Problem): string {
  const kept = message.endsWith('(its last good version stays in force)') ? '=' : '';
  return `${severity === 'warning' ? '?' : ''}${position.file}:${position.line}${kept}`;
}

const A = se('a', 'a.example');
const B = se('b', 'b.example');
const WRECK = 'x: [';

story('a first load has no last good version', [
  { files: [file('f', se('a', '*'), B)], hosts: ['b=b.example'], problems: ['f:1'] },
]);

story('a bad document changes nothing but its own status', [
  { files: [file('f', A, B)], hosts: ['a=a.example', 'b=b.example'] },
  { files: [file('f', se('a', '*'), se('b', 'c.example'))], hosts: ['a=a.example', 'b=c.example'], problems: ['f:1='] },
  { files: [file('f', se('a', '*'), B)], hosts: ['a=a.example', 'b=b.example'], problems: ['f:1='] },
  { files: [file('f', se('a', 'd.example'), B)], hosts: ['a=d.example', 'b=b.example'] },
]);

story('a removed document is gone, and does not come back as a last good version', [
  { files: [file('f', A, B)], hosts: ['a=a.example', 'b=b.example'] },
  { files: [file('f', B)], hosts: ['b=b.example'] },
  { files: [file('f', se('a', '*'), B)], hosts: ['b=b.example'], problems: ['f:1'] },
]);

story('a wreck that tells its name keeps what had it, wherever it stands', [
  { files: [file('f', A, B)], hosts: ['a=a.example', 'b=b.example'] },
  { files: [file('f', B, `${A.slice(0, -1)}, x: [`)], hosts: ['a=a.example', 'b=b.example'], problems: ['f:3='] },
  { files: [file('f', B)], hosts: ['b=b.example'] },
]);

story('a wreck that bears the name of a sound document claims nothing', [
  { files: [file('f', A)], hosts: ['a=a.example'] },
  {
    files: [file('f', `${A.slice(0, -1)}, x: [`, se('a', 'new.example'))],
    hosts: ['a=new.example'],
    problems: ['f:2'],
  },
]);

story('a wreck that tells nothing keeps what stood in its place, for as long as it lasts', [
  { files: [file('f', A, B)], hosts: ['a=a.example', 'b=b.example'] },
  { files: [file('f', A, WRECK)], hosts: ['a=a.example', 'b=b.example'], problems: ['f:3='] },
  { files: [file('f', A, WRECK)], hosts: ['a=a.example', 'b=b.example'], problems: ['f:3='] },
  { files: [file('f', A)], hosts: ['a=a.example'] },
]);

story('a wreck keeps nothing that another document speaks for', [
  { files: [file('f', A, B)], hosts: ['a=a.example', 'b=b.example'] },
  { files: [file('f', WRECK, se('a', 'new.example'))], hosts: ['a=new.example'], problems: ['f:2'] },
]);

story('a wreck in the place of a List keeps all of its items', [
  { files: [file('f', `{apiVersion: v1, kind: List, items: [${A}, ${B}]}`)], hosts: ['a=a.example', 'b=b.example'] },
  { files: [file('f', WRECK)], hosts: ['a=a.example', 'b=b.example'], problems: ['f:1='] },
  { files: [file('f', WRECK)], hosts: ['a=a.example', 'b=b.example'], problems: ['f:1='] },
  { files: [file('f')], hosts: [] },
]);

story('a file that cannot be read keeps what it held', [
  { files: [file('f', A), file('g', B)], hosts: ['a=a.example', 'b=b.example'] },
  { files: [unreadable('f'), file('g', B)], hosts: ['a=a.example', 'b=b.example'], problems: ['f:1='] },
  { files: [unreadable('f'), file('g', B)], hosts: ['a=a.example', 'b=b.example'], problems: ['f:1='] },
  { files: [unreadable('f'), file('g', A)], hosts: ['a=a.example'], problems: ['f:1'] },
  { files: [file('g', B)], hosts: ['b=b.example'] },
]);

story('of two documents of one name the first stands, in the order of files', [
  { files: [file('f', A), file('g', se('a', 'other.example'))], hosts: ['a=a.example'], problems: ['g:1'] },
  { files: [file('g', se('a', 'other.example'))], hosts: ['a=other.example'] },
  { files: [file('f', A, A), file('g', se('a', 'other.example'))], hosts: ['a=a.example'], problems: ['f:3', 'g:1'] },
]);

story('a bad first is not replaced by a good second', [
  { files: [file('f', A)], hosts: ['a=a.example'] },
  { files: [file('f', se('a', '*'), se('a', 'other.example'))], hosts: ['a=a.example'], problems: ['f:1=', 'f:3'] },
]);

story('a resource may move to another file', [
  { files: [file('f', A)], hosts: ['a=a.example'] },
  { files: [file('g', A)], hosts: ['a=a.example'] },
]);

const deployment = (name: string) => `{apiVersion: apps/v1, kind: Deployment, metadata: {name: ${name}}}`;

story('a kind that nobody reads is mentioned once', [
  {
    files: [
      file('f', deployment('a'), deployment('b'), A),
      file('g', deployment('c'), '{apiVersion: v1, kind: Secret}'),
    ],
    hosts: ['a=a.example'],
    problems: ['?f:1', '?g:3'],
  },
]);

test('a duplicate names the first', () => {
  const { problems } = settle(NOTHING_IN_FORCE, [file('f', B, A), file('g', A)]);
  deepEqual(
    problems[0]?.message,
    'ServiceEntry default/a is there already, at f:3, which stands; expected each resource once',
  );
});

test('the mode stays last good too', () => {
  const mesh = (mode: string) =>
    `{apiVersion: v1, kind: ConfigMap, metadata: {name: istio, namespace: istio-system}, data: {mesh: "outboundTrafficPolicy: {mode: ${mode}}"}}`;
  const first = settle(NOTHING_IN_FORCE, [file('f', mesh('ALLOW_ANY'))]);
  const second = settle(first.inForce, [file('f', mesh('ANYTHING'))]);
  deepEqual(resourceSetOf(second.inForce).mode?.value, 'ALLOW_ANY');
  deepEqual(resourceSetOf(settle(second.inForce, [file('f')]).inForce).mode, undefined);
});
