import type { Allow } from '../../../agent/model/verdict.ts';
import type { ResourceSet } from '../../../agent/registry/model.ts';
import { answerOf, asked, decided, explained } from './ask.ts';
import { type Differences, differs, expectedAnswer, misses } from './expected.ts';
import type { Caller } from './places.ts';
import type { Action, AtHop } from './schema.ts';

/** Where the decision of an action's hops is not what is expected of them. */
export function decideAction(set: ResourceSet, action: Action, caller: Caller): Differences {
  const { mesh, gateway } = action.expect;
  const question = asked(action.facts, caller, set);
  const answer = explained(question, set);
  const { now, open } = decided(question, set);
  const [first, next] = action.facts.hop === 'mesh' ? [mesh, gateway] : [gateway, mesh];
  return [
    ...(first === 'none' ? [] : answers('the hop that is asked', first, answer)),
    ...(next === 'none' ? [] : answers('the gateway on the way', next, answer.next)),
    ...(first === 'none' || now.kind !== 'allow'
      ? []
      : clusters(first, now.split ?? [{ weight: 1, route: now.route }], caller)),
    // With nothing read yet: the same, or a wish to read.
    ...(open.kind === 'need' ? [] : differs('the decision before a byte is read', now.kind, open.kind)),
  ];
}

function answers(who: string, expected: AtHop, explanation: Parameters<typeof answerOf>[0] | undefined): Differences {
  if (!explanation) return [`${who}: expected ${expected.verdict}, was not asked`];
  const came = answerOf(explanation);
  return differs(who, expectedAnswer(expected, came), came).map((text) => `${text}\n${explanation.trace.join('\n')}`);
}

/** Each way that a call may take is one that its line may tell. */
function clusters({ line }: AtHop, ways: NonNullable<Allow['split']>, caller: Caller): Differences {
  const wanted = line.upstream_cluster;
  if (wanted === undefined) return [];
  return ways
    .filter(({ weight }) => weight > 0)
    .flatMap(({ route }) => misses('upstream_cluster', wanted, route.cluster, caller));
}
