import { forwardedInsertions, withInsertions } from '../wire/http1-forwarded.ts';
import type { RequestHead } from '../wire/http1-request.ts';
import { newRequestId } from './request-id.ts';
import type { JudgedRequest, Stages } from './stages.ts';

/** A request as it is passed on. */
export type Sending = {
  readonly request: RequestHead;
  /** Its head, byte for byte. */
  readonly head: Uint8Array;
  /** Of ours, if the request brought none and is given one. */
  readonly requestId: string | undefined;
};

/**
 * Puts into a request that is held what its origin is to be told of who asks; by default nothing: an egress gateway does
 * not tell the internet its clients' addresses.
 */
export function prepareRequest(
  { conversation, request, client }: JudgedRequest,
  head: Uint8Array,
  { forward }: Pick<Stages, 'forward'>,
): Sending {
  if (!forward.clientAddress && !forward.requestId) return { request, head, requestId: undefined };
  const brought = request.headers.some(([name]) => name === 'x-request-id');
  const requestId = forward.requestId && !brought ? newRequestId() : undefined;
  const insertions = forwardedInsertions(head, {
    clientAddress: forward.clientAddress ? client.ip : undefined,
    requestId,
  });
  // From behind, so that the offsets stay true.
  for (const { at, bytes } of insertions.toReversed()) conversation.edit('client', at, 0, bytes);
  const sent = withInsertions(head, insertions);
  return { request: { ...request, headBytes: sent.length }, head: sent, requestId };
}
