/** The conformance cases against the decision alone: no socket, no process, milliseconds. README.md beside this file. */
import { ok } from 'node:assert/strict';
import { test } from 'node:test';
import { type Problem, problemText } from '../../agent/model/resource.ts';
import { FAMILIES } from '../support/clients/egress-world.ts';
import { loaded } from '../support/conformance/ask.ts';
import { decideAction } from '../support/conformance/decide-action.ts';
import { type Differences, differs, lacks } from '../support/conformance/expected.ts';
import { filesOf } from '../support/conformance/places.ts';
import { readSections } from '../support/conformance/read-section.ts';
import { callText, judged } from '../support/conformance/report.ts';
import type { Action, AtHop, World } from '../support/conformance/schema.ts';
import { type Step, stepsOf } from '../support/conformance/steps.ts';
import { tellTallyAtTheEnd } from '../support/conformance/tally.ts';

const HERE = 'test/conformance/decide.test.ts';
const sections = readSections();

for (const section of sections) {
  for (const one of section.cases) {
    const steps = stepsOf(section, one);
    for (const [at, step] of steps.entries()) {
      const { set, errors } = loaded(filesOf(section.world, step));
      const place = steps.length > 1 ? `${one.id} step ${at + 1}` : one.id;
      test(`${place}: ${one.title}: its resources`, () =>
        judged(one.id, HERE, problemsOf(section.world, step, errors)));
      for (const action of step.actions) {
        for (const { of } of FAMILIES.filter((family) => action.families.includes(family.of))) {
          const caller = { world: section.world, from: action.from, of };
          test(`${place} over IP${of}: ${callText(action)}`, () => {
            judged(one.id, HERE, decideAction(set, action, caller));
          });
          test(`${place} over IP${of}: another expectation is not met`, () => {
            for (const wrong of otherExpectations(action)) {
              ok(decideAction(set, wrong, caller).length > 0, JSON.stringify(wrong.expect));
            }
          });
        }
      }
    }
  }
}
tellTallyAtTheEnd(sections);

/** Each error that is expected, in order, and no other. */
function problemsOf(world: World, { problems }: Step, came: readonly Problem[]): Differences {
  const errors = came.map(problemText);
  if (errors.length !== problems.length) return differs('errors', problems, errors);
  const caller = { world, from: 'outside', of: 'v4' } as const;
  return problems.flatMap((pattern, at) => lacks(`error ${at + 1}`, [pattern], errors[at] ?? '', caller));
}

/** What must be noticed: another verdict, reason, resource or way, at each hop. */
function otherExpectations(action: Action): readonly Action[] {
  return (['mesh', 'gateway'] as const).flatMap((hop) => {
    const expected = action.expect[hop];
    if (expected === 'none') return [];
    const others: readonly AtHop[] = [
      { ...expected, verdict: expected.verdict === 'allow' ? 'deny' : 'allow' },
      { ...expected, reason: 'another' },
      { ...expected, matched: [...expected.matched, 'ServiceEntry default/another'] },
      {
        ...expected,
        verdict: 'allow',
        line: { ...expected.line, upstream_cluster: 'outbound|1||x.svc.cluster.local' },
      },
    ];
    return others.map((each) => ({ ...action, expect: { ...action.expect, [hop]: each } }));
  });
}
