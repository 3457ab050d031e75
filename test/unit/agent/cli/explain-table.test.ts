import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runExplain } from '../../../../agent/cli/explain.ts';
import type { Explanation } from '../../../../agent/registry/explain.ts';
import { type Question, ROWS } from './explain-rows.ts';

const WORLDS = fileURLToPath(new URL('../../../fixtures/config/explain-table/', import.meta.url));

for (const [why, question, { outcome, status, by, says }] of ROWS) {
  test(`${why}: ${question.from} to ${question.to} ${JSON.stringify(question.shows)}`, async () => {
    const { verdict, via, dial, reason, matched, remedy, problems, trace, ...rest } = await explained(question);
    deepEqual(
      [verdict === 'allow' ? dial : `${verdict} ${reason}`, rest.status, via],
      [outcome, status, verdict === 'allow' ? 'direct' : null],
      trace.join('\n'),
    );
    if (by !== undefined)
      deepEqual(
        matched.map(({ namespace, name }) => `${namespace}/${name}`),
        [by],
      );
    if (says !== undefined) ok([...trace, ...problems].join('\n').includes(says), trace.join('\n'));
    if (verdict === 'allow') equal(remedy, null);
    ok(trace.length > 0, 'every answer has a reason that can be read');
  });
}

async function explained({ world, from, to, shows }: Question): Promise<Explanation> {
  const { code, output } = await runExplain({
    config: WORLDS + world,
    from,
    to,
    host: shows.host,
    method: shows.method,
    path: undefined,
    header: [],
    sni: shows.sni,
    alpn: [],
    clusterCidr: [],
    allowLocalEndpoints: false,
    hop: 'mesh',
    json: true,
  });
  equal(code, 0, output);
  return JSON.parse(output) as Explanation; // its shape is the first test of explain.test.ts
}
