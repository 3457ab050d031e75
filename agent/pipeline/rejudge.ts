import type { Evidence } from '../model/evidence.ts';
import type { Failure } from '../model/failure.ts';
import type { RequestHead } from '../wire/http1-request.ts';
import { type Asked, admitsTarget } from './connect-target.ts';
import { upgradesBlindly } from './first-look.ts';
import { questionTo } from './question.ts';
import type { Identified, JudgedRequest, Stages } from './stages.ts';

/**
 * Whether the registry in force still admits what an older one did. What was admitted before it said anything is asked as
 * silent: less knowledge never admits more. A CONNECT is asked as its target too. True if yet another registry came in
 * meanwhile: that one will be asked.
 */
export async function stillAdmitted(
  flow: Identified & { readonly request?: RequestHead | undefined },
  evidence: Evidence,
  stages: Stages,
  asked: Asked = flow.asked,
): Promise<boolean> {
  const { through } = asked;
  if (through && !(await stillAdmitted({ ...flow, request: undefined }, through.evidence, stages, through.asked)))
    return false;
  const registry = stages.registry();
  const source = stages.identify(flow);
  const { ask, gather } = questionTo(registry, { source, caller: flow.caller }, asked, stages);
  let known: Evidence = evidence.kind === 'open' ? { kind: 'silent' } : evidence;
  for (;;) {
    const decision = ask(known);
    if (decision.kind !== 'need') {
      const { request } = flow;
      const target = request?.method === 'CONNECT' ? admitsTarget(registry, stages.hop, source, request) : decision;
      return (decision.kind === 'allow' && target.kind === 'allow') || stages.registry() !== registry;
    }
    if (decision.attributes.includes('answers')) await gather(decision.names);
    else known = { kind: 'silent' };
  }
}

/** What an admitted request was asked by: one that upgrades to what cannot be judged must be admitted whatever it carries. */
export function judgedBy({ request, evidence }: JudgedRequest): Evidence {
  return upgradesBlindly(request) ? { kind: 'opaque' } : evidence;
}

export const POLICY_CHANGED: Failure = { code: 'policy-changed', httpStatus: undefined, flag: '-' };

/** Nobody awaits these questions: what cannot be asked again is not admitted any longer. */
export function orReset(
  asking: Promise<void>,
  { conversation }: Pick<Identified, 'conversation'>,
  stages: Stages,
): void {
  asking.catch((thrown: unknown) => {
    stages.crashed(thrown);
    conversation.close('rst');
  });
}

/** Resets a flow that is no longer looked at once a new registry does not admit it; tells whether it did. */
export function cutWhenRevoked(
  flow: Parameters<typeof stillAdmitted>[0],
  evidence: () => Evidence,
  stages: Stages,
  asked?: Asked,
): () => Failure | undefined {
  let failure: Failure | undefined;
  const rejudge = async (): Promise<void> => {
    if ((await stillAdmitted(flow, evidence(), stages, asked)) || flow.conversation.over) return;
    failure = POLICY_CHANGED;
    flow.conversation.close('rst');
  };
  stages.live.follow(flow.conversation, () => orReset(rejudge(), flow, stages));
  return () => failure;
}
