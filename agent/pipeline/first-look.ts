import type { Evidence } from '../model/evidence.ts';
import type { Conversation } from '../relay/conversation.ts';
import { sniff } from '../sniff/sniff.ts';
import type { RequestHead, RequestProgress } from '../wire/http1-request.ts';

export type BadRequest = { readonly status: 400 | 414 | 431 | 505; readonly why: string };

/** What the client's first bytes have shown so far; bytes are read only when asked for, and never passed on here. */
export class FirstLook {
  evidence: Evidence = { kind: 'open' };
  request: RequestHead | undefined;
  bad: BadRequest | undefined;
  readonly #conversation: Conversation;
  #since = performance.now();
  #seen = 0;
  #resume: RequestProgress | undefined;

  constructor(conversation: Conversation) {
    this.#conversation = conversation;
    const { bytes, ended } = conversation.opening;
    if (bytes.length > 0 || ended) this.#feed(bytes, ended);
  }

  get settled(): boolean {
    return this.bad !== undefined || this.evidence.kind !== 'open';
  }

  /**
   * Reads on until the bytes show what they are. `late`: they did not within `limitMs` of the first look; the evidence
   * then stays open. `gone`: the flow ended.
   */
  async settle(limitMs: number): Promise<'settled' | 'late' | 'gone'> {
    while (!this.settled) {
      const left = this.#since + limitMs - performance.now();
      if (left <= 0) return 'late';
      const held = await this.#conversation.inspect('client', this.#seen, Math.ceil(left));
      if (!held) return 'gone';
      this.#feed(held.bytes, held.ended || held.full);
      if (held.deadline && !this.settled) return 'late';
    }
    return 'settled';
  }

  /**
   * For a flow that is admitted whatever it says: it may stay silent, but what it has begun to say is not kept from its
   * server for longer than `limitMs`, if it could still become HTTP or TLS.
   */
  async settleOnceHeard(limitMs: number): Promise<'settled' | 'late' | 'gone'> {
    while (!this.settled && this.#seen === 0) {
      const held = await this.#conversation.inspect('client', 0, NO_LIMIT_MS);
      if (!held) return 'gone';
      this.#feed(held.bytes, held.ended || held.full);
    }
    this.#since = performance.now();
    return this.settle(limitMs);
  }

  /** `last`: nothing can follow these bytes, so what they are must be told now. */
  #feed(bytes: Uint8Array, last: boolean): void {
    this.#seen = bytes.length;
    const seen = sniff(bytes, last, this.#resume);
    if (seen.kind === 'more') this.#resume = seen.resume;
    if (seen.kind === 'bad-request') this.bad = seen;
    if (seen.kind !== 'evidence') return;
    this.evidence = seen.evidence;
    this.request = seen.http;
  }
}

/** One day: a flow that is admitted whatever it says may stay silent; the mover's own deadlines end dead ones. */
const NO_LIMIT_MS = 86_400_000;

/** After a CONNECT, or an upgrade other than websocket, nothing that follows could be judged by request. */
export function endsJudging({ method, upgrade }: RequestHead): boolean {
  return method === 'CONNECT' || upgrade.some((protocol) => protocol !== 'websocket');
}
