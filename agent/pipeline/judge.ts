import type { Evidence } from '../model/evidence.ts';
import type { Failure } from '../model/failure.ts';
import type { Allow, Decision, Verdict } from '../model/verdict.ts';
import { byWeight } from '../model/weight.ts';
import type { Registry } from '../registry/compile.ts';
import { type Asked, admitsTarget } from './connect-target.ts';
import { type FirstLook, upgradesBlindly } from './first-look.ts';
import { questionTo } from './question.ts';
import type { Identified, Judged, Stages } from './stages.ts';

export type Judgement =
  | { readonly kind: 'judged'; readonly flow: Judged }
  | { readonly kind: 'failed'; readonly failure: Failure }
  | { readonly kind: 'gone' };

/**
 * Verdict first, need second: policy is asked with what is known already, and bytes or answers are waited for only if
 * they could change the outcome. A deny that was reached without bytes still reads some, to say no in the right form.
 * A registry that came in while bytes were waited for is the one that decides.
 */
export async function judge(
  flow: Identified,
  look: FirstLook,
  stages: Stages,
  asked: Asked = flow.asked,
): Promise<Judgement> {
  for (;;) {
    const registry = stages.registry();
    const judgement = await judgeBy(registry, flow, look, stages, asked);
    if (judgement.kind !== 'judged' || stages.registry() === registry) return judgement;
  }
}

async function judgeBy(
  registry: Registry,
  flow: Identified,
  look: FirstLook,
  stages: Stages,
  asked: Asked,
): Promise<Judgement> {
  const { ask, gather } = questionTo(registry, flow, asked, stages);
  let late = false;
  for (;;) {
    const evidence: Evidence = late && !look.settled ? { kind: 'silent' } : look.evidence;
    const decision = ask(evidence);
    if (decision.kind === 'allow') {
      if (look.bad) return badRequest(look);
      if (look.request && upgradesBlindly(look.request)) return blind(ask({ kind: 'opaque' }), evidence);
      if (look.request?.method === 'CONNECT') {
        const target = admitsTarget(registry, stages.hop, flow.source, look.request);
        return judged(target.kind === 'allow' ? decision : target, evidence);
      }
      return judged(decision, evidence);
    }
    if (decision.kind === 'deny') {
      if ((await look.settle(stages.sniffDeadlineMs)) === 'gone') return { kind: 'gone' };
      if (look.bad) return badRequest(look);
      return judged(decision, look.settled ? look.evidence : { kind: 'silent' });
    }
    if (decision.attributes.includes('answers')) {
      await gather(decision.names);
      continue;
    }
    if (look.bad) return badRequest(look);
    const limitMs = decision.admissibleWithout ? stages.sniffDeadlineMs : stages.firstByteTimeoutMs;
    const step = await look.settle(limitMs);
    if (step === 'gone') return { kind: 'gone' };
    if (step === 'late' && !decision.admissibleWithout) return { kind: 'failed', failure: NO_FIRST_BYTE };
    late = step === 'late';
  }

  function judged(verdict: Verdict, evidence: Evidence): Judgement {
    const { generation } = registry;
    const taken = verdict.kind === 'allow' ? oneOf(verdict, stages.random()) : verdict;
    return { kind: 'judged', flow: { ...flow, verdict: taken, evidence, request: look.request, generation } };
  }

  /** What follows an upgrade cannot be judged by name: it must be admitted whatever it says. */
  function blind(opaque: Decision, evidence: Evidence): Judgement {
    return opaque.kind === 'allow' ? judged(opaque, evidence) : { kind: 'failed', failure: UNJUDGEABLE };
  }
}

/** Of several weighted routes the one that this flow or request takes; `random` in [0, 1). */
export function oneOf(allow: Allow, random: number): Allow {
  const taken = allow.split && byWeight(allow.split, random);
  return taken ? { ...allow, route: taken.route } : allow;
}

function badRequest(look: FirstLook): Judgement {
  return { kind: 'failed', failure: badRequestFailure(look) };
}

/** HTTP that two readers could understand differently: relayed to nobody, whatever policy says. */
export function badRequestFailure({ bad }: FirstLook): Failure {
  if (bad === 'preamble') return UNTRUSTED;
  const status = bad?.status ?? 400;
  const code = status === 431 || status === 414 ? 'head-too-large' : 'bad-request';
  return { code, httpStatus: status, flag: 'DPE' };
}

const UNTRUSTED: Failure = { code: 'preamble-untrusted', httpStatus: undefined, flag: '-' };
const UNJUDGEABLE: Failure = { code: 'upgrade', httpStatus: 403, flag: '-' };
export const NO_FIRST_BYTE: Failure = { code: 'no-first-byte', httpStatus: undefined, flag: 'DT' };
