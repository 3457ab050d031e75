import { readFileSync } from 'node:fs';
import { fixturePath, isFile } from './cross-check.ts';
import type { Action, Case, Resource, Section } from './schema.ts';

/** One state of the resources, and what is done under it. */
export type Step = {
  readonly mode: 'ALLOW_ANY' | 'REGISTRY_ONLY';
  /** YAML of all documents. */
  readonly text: string;
  /** The gateway behind the Service. */
  readonly behind: string;
  readonly problems: readonly string[];
  readonly actions: readonly Action[];
};

/** The steps of a case, each with what it has from the case; a case without steps is one. */
export function stepsOf(section: Section, one: Case): readonly Step[] {
  const [first = ''] = Object.keys(section.world.gateways);
  const steps = one.steps ?? [{ actions: one.actions ?? [] }];
  return steps.map((step) => ({
    mode: step.mode ?? one.mode ?? 'REGISTRY_ONLY',
    text: resourcesText(section, step.resources ?? one.resources ?? []),
    behind: step.behind ?? one.behind ?? first,
    problems: step.problems ?? one.problems ?? [],
    actions: step.actions,
  }));
}

/** JSON is YAML: what stands inline is written as such. */
function resourcesText(section: Section, all: readonly Resource[]): string {
  const texts = all.map((each) => {
    if (typeof each !== 'string') return `${JSON.stringify(each)}\n`;
    return isFile(each) ? readFileSync(fixturePath(each), 'utf8') : resourcesText(section, section.sets[each] ?? []);
  });
  return texts.filter((text) => text !== '').join('---\n');
}
