import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ORIGINS } from '../origins/fixtures.ts';
import type { Action, Case, Resource, Section } from './schema.ts';

export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** What no schema of one field can tell: names that must be known, fields that must go together, ids. */
export function crossProblems(section: Section): readonly string[] {
  return [
    ...idProblems(section),
    ...Object.entries(section.sets).flatMap(([name, all]) => resourceProblems(section, all, `sets.${name}`)),
    ...section.cases.flatMap((each, at) => caseProblems(section, each).map((text) => `cases[${at}].${text}`)),
  ];
}

function idProblems({ section, ids, cases, waiting }: Section): readonly string[] {
  const held = [...cases, ...waiting].map(({ id }) => id);
  return [
    ...ids.filter((id) => !held.includes(id)).map((id) => `ids: ${id} is in no case and not waiting`),
    ...held.filter((id) => !ids.includes(id)).map((id) => `ids: ${id} is missing`),
    ...held.filter((id, at) => held.indexOf(id) !== at).map((id) => `ids: ${id} is there twice`),
    ...held.filter((id) => !id.startsWith(section)).map((id) => `ids: ${id} is of another section`),
  ];
}

function caseProblems(section: Section, { steps, ...whole }: Case): readonly string[] {
  const parts = [{ ...whole, at: '' }, ...(steps ?? []).map((step, at) => ({ ...step, at: `steps[${at}].` }))];
  return parts.flatMap(({ at, resources = [], behind, actions = [] }) => {
    const unknown = behind !== undefined && !(behind in section.world.gateways);
    return [
      ...resourceProblems(section, resources, `${at}resources`),
      ...(unknown ? [`${at}behind: no gateway ${behind}`] : []),
      ...actions.flatMap((action, number) =>
        actionProblems(section, action).map((text) => `${at}actions[${number}].${text}`),
      ),
    ];
  });
}

function resourceProblems({ sets }: Section, all: readonly Resource[], field: string): readonly string[] {
  return all.flatMap((each, at) => {
    if (typeof each !== 'string') return [];
    const known = isFile(each) ? existsSync(fixturePath(each)) : each in sets;
    return known ? [] : [`${field}[${at}]: no ${isFile(each) ? 'file below test/fixtures/config' : 'set'} ${each}`];
  });
}

export function isFile(resource: string): boolean {
  return resource.endsWith('.yaml');
}

export function fixturePath(file: string): string {
  return `${ROOT}test/fixtures/config/${file}`;
}

function actionProblems({ world }: Section, { from, facts, expect, curl, tcp }: Action): readonly string[] {
  const { workloads, gateways, origins } = world;
  const known = [...ORIGINS.flatMap(({ names }) => names), ...Object.keys(origins)];
  const seen = expect.reached.flatMap(({ origin }) => origin);
  const self = facts.hop !== 'mesh';
  const head = expect.status !== undefined || Object.keys(expect.headers).length > 0;
  const all: readonly (readonly [wrong: boolean, text: string])[] = [
    [from !== 'outside' && !Object.values(workloads).some((each) => each === from), `from: no workload ${from}`],
    [self && !(facts.hop in gateways), `facts.hop: neither mesh nor a gateway: ${facts.hop}`],
    [facts.sni !== undefined && facts.host !== undefined, 'facts: sni is of TLS, host of HTTP; expected one of them'],
    [(expect.end !== undefined) !== (tcp !== undefined), 'expect.end: it is for tcp, and tcp needs it'],
    [head && !/(^|\s)-[a-zA-Z]*[iI]/.test(curl ?? ''), 'expect.status, expect.headers: they need curl -i or -I'],
    [seen.length === 0 && expect.never.length === 0, 'expect: expected reached, or never with those that must not be'],
    [expect.mesh === 'none' && expect.gateway === 'none', 'expect: neither hop has a line: nothing is decided'],
    [self && expect.mesh !== 'none', 'expect.mesh: expected none where a gateway is called itself'],
    ...[...seen, ...expect.never].map((name) => [!known.includes(name), `expect: no origin ${name}`] as const),
    ...expect.never.map((name) => [seen.includes(name), `expect.never: ${name} is in reached`] as const),
  ];
  return all.filter(([wrong]) => wrong).map(([, text]) => text);
}
