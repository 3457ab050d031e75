/**
 * The conformance cases (test/conformance) in the lab: real rules, agent, gateways, curl. For each action a second
 * subtest holds what the access lines say against what `explain --json` answers for the same facts.
 */
import { after, describe, test } from 'node:test';
import { FAMILIES } from '../support/clients/egress-world.ts';
import { compare } from '../support/conformance/compare.ts';
import { type Conducted, conduct } from '../support/conformance/conduct.ts';
import { differs } from '../support/conformance/expected.ts';
import { labWorld } from '../support/conformance/lab-world.ts';
import { readSections } from '../support/conformance/read-section.ts';
import { callText, judged } from '../support/conformance/report.ts';
import { stepsOf } from '../support/conformance/steps.ts';
import { tellTallyAtTheEnd } from '../support/conformance/tally.ts';

const HERE = 'test/netns/conformance.test.ts';
const sections = readSections();

for (const section of sections) {
  describe(`${section.section}: ${section.title}`, () => {
    const lab = labWorld(section);
    const expected = new Map([...lab.counts().keys()].map((log) => [log, 0]));
    let failed = 0;
    after(() => lab.close());

    for (const one of section.cases) {
      for (const { of } of FAMILIES) {
        const place = `${one.id} over IP${of}`;
        test(`${place}: ${one.title}`, async (t) => {
          for (const step of stepsOf(section, one)) {
            for (const action of step.actions.filter(({ families }) => families.includes(of))) {
              const caller = { world: section.world, from: action.from, of };
              let came: Conducted | undefined;
              await t.test(`${place}: ${callText(action)}`, async () => {
                failed++;
                came = await conduct(lab, step, action, caller);
                for (const { log } of came.lines) expected.set(log, (expected.get(log) ?? 0) + 1);
                judged(one.id, HERE, came.differences, came.told);
                failed--;
              });
              await t.test(`${place}: explain says the same as the line`, async () => {
                const { lines = [] } = came ?? {};
                judged(
                  one.id,
                  HERE,
                  lines.length > 0 ? await compare(lab.config(), lines, action, caller) : ['no line'],
                );
              });
            }
          }
        });
      }
    }

    test(`${section.section}: no log has a line that nobody expected`, async () => {
      const came = await lab.close();
      if (failed === 0) judged(section.section, HERE, differs('lines', [...expected], [...came]));
    });
  });
}
tellTallyAtTheEnd(sections);
