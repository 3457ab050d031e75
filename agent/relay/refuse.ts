import type { Evidence } from '../model/evidence.ts';
import type { FailureCode } from '../model/failure.ts';
import type { DenyReason, HttpRefusalStatus } from '../model/verdict.ts';
import { http2Goaway, httpRefusal, tlsAlertAccessDenied } from '../wire/refusal.ts';
import type { Conversation } from './conversation.ts';

export type Refusal = {
  /** Stable code, told to the client where its protocol can carry it. */
  readonly reason: DenyReason | FailureCode;
  /** Status of the answer if the flow speaks HTTP; undefined: nothing is said. */
  readonly httpStatus: HttpRefusalStatus | undefined;
  /** One line for a person, without CR or LF. */
  readonly text: string;
};

/** What a refused flow was told: the HTTP status, 0 if it got none, and the bytes of its answer under HTTP. */
export type OwnAnswer = { readonly status: number; readonly headBytes: number; readonly bodyBytes: number };

/** In which protocol a refusal can be said. */
export type RefusalForm = 'http' | 'http2' | 'tls' | 'reset';

export function refusalForm(evidence: Evidence): RefusalForm {
  switch (evidence.kind) {
    case 'http':
    case 'http2':
      return evidence.kind;
    case 'tls':
    case 'tls-ech':
      return 'tls';
    case 'open':
    case 'opaque':
    case 'silent':
      return 'reset';
  }
}

/**
 * Says no in the form that the client understands, and ends the flow. Nothing of it was or will be dialled.
 */
export function refuse(
  conversation: Conversation,
  form: RefusalForm,
  method: string | undefined,
  refusal: Refusal,
): OwnAnswer {
  const { reason, httpStatus, text } = refusal;
  if (form === 'http' && httpStatus !== undefined) {
    const date = new Date().toUTCString();
    const answer = { status: httpStatus, reasonCode: reason, text, date };
    const head = httpRefusal({ ...answer, head: true });
    const whole = method === 'HEAD' ? head : httpRefusal({ ...answer, head: false });
    conversation.respond(whole);
    return { status: httpStatus, headBytes: head.length, bodyBytes: whole.length - head.length };
  }
  if (form === 'http2') conversation.respond(http2Goaway(reason));
  else if (form === 'tls') conversation.respond(tlsAlertAccessDenied());
  else conversation.close('rst');
  return { status: 0, headBytes: 0, bodyBytes: 0 };
}
