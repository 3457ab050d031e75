import { type ExplainOptions, runExplain } from '../../../agent/cli/explain.ts';
import { hopText } from '../../../agent/model/flow.ts';
import type { Explanation } from '../../../agent/registry/explain.ts';
import type { HopsExplanation } from '../../../agent/registry/explain-hops.ts';
import { CLUSTER_CIDR } from '../lab/gateway.ts';
import { answerOf, hopOf, mayDialLocally } from './ask.ts';
import type { Told } from './conduct.ts';
import { type Differences, differs, lineAnswer } from './expected.ts';
import { lineOf } from './line.ts';
import { addressesOf, type Caller, filled } from './places.ts';
import type { Action } from './schema.ts';

/** Where each line of an action and `explain --json` for the same facts do not say the same. */
export async function compare(
  config: string,
  lines: readonly Told[],
  action: Action,
  caller: Caller,
): Promise<Differences> {
  const answer = await asked(config, action, caller);
  return lines.flatMap((told) => {
    const own: Explanation | undefined = told.log === 'mesh' || action.facts.hop !== 'mesh' ? answer : answer.next;
    return own ? agreement(told, own) : [`${told.log}: it has a line, and explain knows of no such hop`];
  });
}

function agreement({ log, text, expected }: Told, explanation: Explanation): Differences {
  const line = lineAnswer(lineOf(text), expected);
  const differences = differs(`${log}: expected as in the line, came of explain`, line, answerOf(explanation));
  return differences.map((each) => `${each}\n${text}\n${explanation.trace.join('\n')}`);
}

async function asked(config: string, { from, facts }: Action, caller: Caller): Promise<HopsExplanation> {
  const options: ExplainOptions = {
    config,
    from: from === 'outside' ? (addressesOf(caller, 'client')[0]?.[caller.of] ?? '') : from,
    to: filled(facts.to, caller),
    host: facts.host,
    method: facts.method,
    path: facts.path,
    header: [],
    sni: facts.sni,
    alpn: [],
    clusterCidr: [CLUSTER_CIDR],
    allowLocalEndpoints: mayDialLocally(facts, caller),
    hop: hopText(hopOf(facts, caller)),
    json: true,
  };
  const { code, output } = await runExplain(options);
  if (code !== 0) throw new Error(output);
  return JSON.parse(output) as HopsExplanation; // its shape is asserted in test/unit/agent/cli
}
