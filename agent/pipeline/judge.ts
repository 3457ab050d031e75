import type { IpAddress } from '../model/address.ts';
import type { Evidence } from '../model/evidence.ts';
import type { Failure } from '../model/failure.ts';
import type { FlowFacts, Hop } from '../model/flow.ts';
import type { Hostname } from '../model/hostname.ts';
import type { Verdict } from '../model/verdict.ts';
import type { Registry } from '../registry/compile.ts';
import { decide } from '../registry/decide.ts';
import type { Resolve } from './candidates.ts';
import { endsJudging, FirstLook } from './first-look.ts';
import type { Identified, Judged } from './stages.ts';

export type JudgeOptions = {
  readonly hop: Hop;
  readonly sniffDeadlineMs: number;
  readonly firstByteTimeoutMs: number;
  readonly resolve: Resolve;
};

export type Judgement =
  | { readonly kind: 'judged'; readonly flow: Judged; readonly look: FirstLook }
  | { readonly kind: 'failed'; readonly failure: Failure; readonly evidence: Evidence; readonly look: FirstLook }
  | { readonly kind: 'gone' };

/**
 * Verdict first, need second: policy is asked with what is known already, and bytes or answers are waited for only if
 * they could change the outcome. A deny that was reached without bytes still reads some, to say no in the right form.
 */
export async function judge(flow: Identified, registry: Registry, options: JudgeOptions): Promise<Judgement> {
  const look = new FirstLook(flow.conversation);
  const answers = new Map<Hostname, readonly IpAddress[]>();
  let late = false;
  for (;;) {
    const evidence: Evidence = late && !look.settled ? { kind: 'silent' } : look.evidence;
    const decision = decide(registry, options.hop, factsOf(flow, evidence, answers));
    if (decision.kind === 'allow') {
      if (look.bad) return badRequest(look);
      if (!(look.request && endsJudging(look.request))) return judged(flow, look, decision, evidence, registry);
      const opaque = decide(registry, options.hop, factsOf(flow, { kind: 'opaque' }, answers));
      return opaque.kind === 'allow' ? judged(flow, look, opaque, evidence, registry) : failed(look, UNJUDGEABLE);
    }
    if (decision.kind === 'deny') {
      if ((await look.settle(options.sniffDeadlineMs)) === 'gone') return { kind: 'gone' };
      if (look.bad) return badRequest(look);
      return judged(flow, look, decision, look.settled ? look.evidence : { kind: 'silent' }, registry);
    }
    if (decision.attributes.includes('answers')) {
      await gather(decision.names, answers, options.resolve);
      continue;
    }
    if (look.bad) return badRequest(look);
    const limitMs = decision.admissibleWithout ? options.sniffDeadlineMs : options.firstByteTimeoutMs;
    const step = await look.settle(limitMs);
    if (step === 'gone') return { kind: 'gone' };
    if (step === 'late' && !decision.admissibleWithout) return failed(look, NO_FIRST_BYTE);
    late = step === 'late';
  }
}

/** The facts of a flow as decide takes them. */
function factsOf(
  flow: Identified,
  evidence: Evidence,
  answers: ReadonlyMap<Hostname, readonly IpAddress[]>,
): FlowFacts {
  const { source, destination } = flow;
  return {
    source,
    destination,
    evidence,
    answers: answers.size > 0 ? { kind: 'resolved', byName: answers } : undefined,
  };
}

/** A name that has no address cannot be told from one that cannot be asked: neither widens access. */
async function gather(
  names: readonly Hostname[],
  into: Map<Hostname, readonly IpAddress[]>,
  resolve: Resolve,
): Promise<void> {
  const resolved = await Promise.all(names.map(async (name) => ({ name, resolution: await resolve(name) })));
  for (const { name, resolution } of resolved) into.set(name, resolution.kind === 'addresses' ? resolution.ips : []);
}

function judged(
  flow: Identified,
  look: FirstLook,
  verdict: Verdict,
  evidence: Evidence,
  registry: Registry,
): Judgement {
  return {
    kind: 'judged',
    look,
    flow: { ...flow, verdict, evidence, request: look.request, generation: registry.generation },
  };
}

function badRequest(look: FirstLook): Judgement {
  return failed(look, badRequestFailure(look));
}

/** HTTP that two readers could understand differently: relayed to nobody, whatever policy says. */
export function badRequestFailure({ bad }: FirstLook): Failure {
  const status = bad?.status ?? 400;
  const code = status === 431 || status === 414 ? 'head-too-large' : 'bad-request';
  return { code, httpStatus: status, flag: 'DPE' };
}

function failed(look: FirstLook, failure: Failure): Judgement {
  return { kind: 'failed', failure, evidence: look.evidence, look };
}

/** What follows a CONNECT or an upgrade cannot be judged by name: it must be admitted whatever it says. */
const UNJUDGEABLE: Failure = { code: 'upgrade', httpStatus: 403, flag: '-' };
const NO_FIRST_BYTE: Failure = { code: 'no-first-byte', httpStatus: undefined, flag: 'DT' };
