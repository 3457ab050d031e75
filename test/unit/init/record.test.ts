import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { recordedArguments, recordSet } from '../../../init/record.ts';
import { optionsOf } from './options-fixture.ts';

test('options that were recorded are read back, in whatever order the kernel gives the elements', async () => {
  const ports = fc.array(fc.integer({ min: 1, max: 65_535 }), { maxLength: 400 });
  const argv = fc.record({
    'exclude-ports': ports,
    'include-ports': ports,
    'exclude-uids': fc.array(fc.nat(), { maxLength: 20 }),
    'cluster-cidr': fc.constantFrom([], ['10.0.0.0/8', 'fd00::/8'], ['0.0.0.0/0']),
    'dns-servers': fc.constantFrom([], ['203.0.113.53', '2001:db8::53']),
    quic: fc.constantFrom(['allow'], ['reject']),
    port: fc.constantFrom([15_001], [16_001]),
  });
  await fc.assert(
    fc.asyncProperty(argv, fc.boolean(), async (given, backwards) => {
      const { plan } = await optionsOf(
        'apply',
        ...Object.entries(given).map(([name, items]) => `--${name}=${items.join()}`),
      );
      const { members } = recordSet(plan);
      const entries = members.map((member) => {
        const [element = '', comment = ''] = member.split(/ comment "|"$/);
        assert.ok(comment.length <= 255, 'what an element can hold');
        return { element, comment };
      });
      const back = recordedArguments(backwards ? entries.toReversed() : entries);
      assert.deepEqual((await optionsOf('apply', ...back)).plan, plan);
    }),
    { numRuns: 40 },
  );
});
