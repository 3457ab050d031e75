import type { Failure, FailureCode } from '../model/failure.ts';
import { FirstLook } from './first-look.ts';
import { judge } from './judge.ts';
import { failFlow, refuseFlow, reportClosed } from './refuse-flow.ts';
import { relayFlow } from './relay-flow.ts';
import { answerProof, isProofDestination, readProofRequest } from './self-proof.ts';
import type { Accepted, Outcome, Stages } from './stages.ts';

/**
 * The way of one connection. There is one exit: whatever happens, the flow ends and is reported, once, or under HTTP
 * once for each request. Resolves when the connection is over, with what was reported last.
 */
export async function handle(flow: Accepted, stages: Stages): Promise<Outcome> {
  const admitted = stages.live.admit(flow.caller, flow.conversation);
  try {
    return admitted ? await run(flow, stages) : await reset(flow, 'flow-limit', stages);
  } catch (thrown) {
    stages.crashed(thrown);
    return await reset(flow, 'internal', stages);
  } finally {
    await flow.conversation.closedEvent;
    stages.live.forget(flow.conversation);
  }
}

async function run(accepted: Accepted, stages: Stages): Promise<Outcome> {
  const { conversation } = accepted;
  const coming = stages.locate(accepted);
  const place = coming instanceof Promise ? await coming : coming;
  if (place.ok === 'gone') return reportClosed({ ...accepted, failure: await goneFailure(accepted) }, stages);
  if (!place.ok) return reset(accepted, place.code, stages);
  const { located, first, refuses } = place;
  if (!stages.live.admit(located.caller, conversation)) return reset(located, 'flow-limit', stages);
  if (stages.hop.kind === 'mesh' && isProofDestination(located.destination)) {
    stages.live.spare(conversation, true);
    const request = await readProofRequest(located);
    if (request) {
      await answerProof(located, request, stages.live);
      return reportClosed({ ...located, failure: SELF_PROOF }, stages);
    }
    stages.live.spare(conversation, false);
  }
  if (stages.live.isClosing(located.caller)) return reset(located, 'undo', stages);
  const identified = { ...located, source: stages.identify(located) };
  const look = new FirstLook(conversation, first, 'anything', refuses);
  const judgement = await judge(identified, look, stages);
  switch (judgement.kind) {
    case 'gone':
      return reportClosed({ ...identified, failure: await goneFailure(accepted) }, stages);
    case 'failed':
      return failFlow(
        { ...identified, evidence: look.evidence, request: look.request },
        judgement.failure,
        look,
        stages,
      );
    case 'judged':
      break;
  }
  const { flow } = judgement;
  return flow.verdict.kind === 'allow' ? relayFlow(flow, flow.verdict.route, look, stages) : refuseFlow(flow, stages);
}

async function reset(flow: Accepted, code: FailureCode, stages: Stages): Promise<Outcome> {
  flow.conversation.close('rst');
  return reportClosed({ ...flow, failure: { code, httpStatus: undefined, flag: '-' } }, stages);
}

/** Asked by weir-init, and answered. */
const SELF_PROOF: Failure = { code: 'self-proof', httpStatus: undefined, flag: '-' };

/** The flow ended before there was a verdict: the client went away, or there was no memory to hold more of it. */
async function goneFailure({ conversation }: Accepted): Promise<Failure> {
  const { client, cause } = await conversation.closedEvent;
  if (cause === 'no-resources') return { code: 'flow-limit', httpStatus: undefined, flag: 'OM' };
  return { code: client === 'reset' ? 'client-reset' : 'client-closed', httpStatus: undefined, flag: 'DC' };
}
