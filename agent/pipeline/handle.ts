import { locate } from '../accept/locate.ts';
import type { Failure, FailureCode } from '../model/failure.ts';
import type { Hostname } from '../model/hostname.ts';
import type { Source } from '../model/workload.ts';
import type { Registry } from '../registry/compile.ts';
import { refusedAs } from '../registry/may-dial.ts';
import { refusalForm, refuse } from '../relay/refuse.ts';
import type { Resolve } from './candidates.ts';
import { type JudgeOptions, judge } from './judge.ts';
import type { LiveFlows } from './live-flows.ts';
import { refusalText } from './refusal-text.ts';
import { failFlow, type RelayOptions, relayFlow } from './relay-flow.ts';
import { answerProof, isProofDestination, readProofRequest } from './self-proof.ts';
import type { Accepted, EnrolledNamespace, Outcome } from './stages.ts';

/** What the stages need of the world; everything that changes is asked for anew with each flow. */
export type Stages = Omit<JudgeOptions & RelayOptions, 'resolve'> & {
  /** `asker`: so that one namespace cannot use up the questions under way. */
  readonly resolve: (name: Hostname, asker: EnrolledNamespace) => ReturnType<Resolve>;
  readonly registry: () => Registry;
  readonly identify: (enrolled: EnrolledNamespace) => Source;
  readonly live: LiveFlows;
  readonly report: (outcome: Outcome) => void;
  /** A fault of ours; the flow has been reset. */
  readonly crashed: (thrown: unknown) => void;
};

/** The way of one connection. There is one exit: whatever happens, the flow ends and is reported once. */
export async function handle(flow: Accepted, stages: Stages): Promise<void> {
  const admitted = stages.live.admit(flow.enrolled, flow.conversation);
  try {
    const outcome = admitted ? await run(flow, stages) : await reset(flow, 'flow-limit');
    stages.report(outcome);
  } catch (thrown) {
    stages.crashed(thrown);
    stages.report(await reset(flow, 'internal'));
  } finally {
    stages.live.forget(flow.enrolled, flow.conversation);
  }
}

async function run(accepted: Accepted, world: Stages): Promise<Outcome> {
  const { conversation, enrolled } = accepted;
  const stages = { ...world, resolve: (name: Hostname) => world.resolve(name, enrolled) };
  const place = locate(conversation.opening);
  if (!place.ok) return reset(accepted, place.code);
  const located = { ...accepted, destination: place.destination };
  if (isProofDestination(located.destination)) {
    stages.live.spare(conversation, true);
    const request = await readProofRequest(located);
    if (request) {
      await answerProof(located, request, stages.live);
      return { ...located, failure: SELF_PROOF };
    }
    stages.live.spare(conversation, false);
  }
  if (stages.live.isClosing(enrolled)) return reset(located, 'undo');
  const identified = { ...located, source: stages.identify(enrolled) };
  const judgement = await judge(identified, stages.registry(), stages);
  switch (judgement.kind) {
    case 'gone':
      return { ...identified, failure: await goneFailure(accepted) };
    case 'failed':
      return {
        ...identified,
        evidence: judgement.evidence,
        ...(await failFlow(identified, judgement.failure, judgement.look, undefined, stages)),
      };
    case 'judged':
      break;
  }
  const { flow, look } = judgement;
  if (flow.verdict.kind === 'allow') return { ...flow, ...(await relayFlow(flow, flow.verdict.route, look, stages)) };
  const { reason, httpStatus } = refusedAs(flow.verdict, flow.destination.ip, stages.ownPlace());
  const refusedWith = refuse(conversation, refusalForm(flow.evidence), flow.request?.method, {
    reason,
    httpStatus,
    text: refusalText(flow, flow.evidence, reason),
  });
  await conversation.closedEvent;
  return { ...flow, verdict: { ...flow.verdict, reason }, refusedWith };
}

async function reset<T extends Accepted>(flow: T, code: FailureCode): Promise<T & { failure: Failure }> {
  flow.conversation.close('rst');
  await flow.conversation.closedEvent;
  return { ...flow, failure: { code, httpStatus: undefined, flag: '-' } };
}

/** Asked by weir-init, and answered. */
const SELF_PROOF: Failure = { code: 'self-proof', httpStatus: undefined, flag: '-' };

/** The flow ended before there was a verdict: the client went away, or there was no memory to hold more of it. */
async function goneFailure({ conversation }: Accepted): Promise<Failure> {
  const { client, cause } = await conversation.closedEvent;
  if (cause === 'no-resources') return { code: 'flow-limit', httpStatus: undefined, flag: 'OM' };
  return { code: client === 'reset' ? 'client-reset' : 'client-closed', httpStatus: undefined, flag: 'DC' };
}
