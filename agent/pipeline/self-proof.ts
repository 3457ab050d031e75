import { TOKEN_HEX_DIGITS, UNDO_REFUSAL_MS, UNDO_WORD, VERIFY_DESTINATIONS, VERIFY_WORD } from '../../init/contract.ts';
import { type Endpoint, endpointText } from '../model/address.ts';
import type { LiveFlows } from './live-flows.ts';
import type { Located } from './stages.ts';

/** What `weir-init` asks of whoever holds the listener. */
export type ProofRequest = { readonly word: 'verify' | 'undo'; readonly token: string };

/** Only flows to exactly these two destinations can ask; documentation addresses, where nobody lives. */
export function isProofDestination({ ip, port }: Endpoint): boolean {
  return Object.values(VERIFY_DESTINATIONS).some((place) => place.ip === ip && place.port === port);
}

/**
 * Reads the line that asks for a proof, for at most PROOF_LINE_MS in all; undefined for anything else, which is then
 * judged like any flow.
 */
export async function readProofRequest(flow: Located): Promise<ProofRequest | undefined> {
  const until = performance.now() + PROOF_LINE_MS;
  let { bytes, ended } = flow.conversation.opening;
  while (!ended && bytes.at(-1) !== NEWLINE && bytes.length < LINE_BYTES && couldBecome(bytes)) {
    const held = await flow.conversation.inspect('client', bytes.length, Math.max(0, until - performance.now()));
    if (!held || held.deadline) return undefined;
    ({ bytes, ended } = held);
  }
  return parseProofRequest(bytes);
}

/** Ahead of policy, never dialled: `<token> <original destination as seen>\n`; an undo first ends the namespace's flows. */
export async function answerProof(flow: Located, request: ProofRequest, live: LiveFlows): Promise<void> {
  if (request.word === 'undo') await live.resetAll(flow.caller, flow.conversation, UNDO_REFUSAL_MS);
  flow.conversation.respond(new TextEncoder().encode(`${request.token} ${endpointText(flow.destination)}\n`));
}

export function parseProofRequest(bytes: Uint8Array): ProofRequest | undefined {
  const match = LINE.exec(new TextDecoder('latin1').decode(bytes));
  if (!match?.[1] || !match[2]) return undefined;
  return { word: match[1] === VERIFY_WORD ? 'verify' : 'undo', token: match[2] };
}

function couldBecome(bytes: Uint8Array): boolean {
  const text = new TextDecoder('latin1').decode(bytes);
  return [VERIFY_WORD, UNDO_WORD].some((word) => `${word} `.startsWith(text) || text.startsWith(`${word} `));
}

const LINE = new RegExp(`^(${VERIFY_WORD}|${UNDO_WORD}) ([0-9a-f]{${TOKEN_HEX_DIGITS}})\\n$`);
const LINE_BYTES = VERIFY_WORD.length + 1 + TOKEN_HEX_DIGITS + 1;
const NEWLINE = 0x0a;
const PROOF_LINE_MS = 2_000;
