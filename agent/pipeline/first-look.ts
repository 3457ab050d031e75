import type { Evidence } from '../model/evidence.ts';
import type { Conversation } from '../relay/conversation.ts';
import { sniff, sniffRequest } from '../sniff/sniff.ts';
import type { RequestHead, RequestProgress } from '../wire/http1-request.ts';
import { readProxyV2 } from '../wire/proxy-v2-read.ts';

export type BadRequest =
  | { readonly status: 400 | 414 | 431 | 505; readonly why: string }
  /** A PROXY header of somebody who is not trusted, or what begins one and goes no further. */
  | 'preamble';

/**
 * What the first bytes of a flow, or those behind its last request, have shown so far; bytes are read only when asked
 * for, and never passed on here.
 */
export class FirstLook {
  evidence: Evidence = { kind: 'open' };
  request: RequestHead | undefined;
  bad: BadRequest | undefined;
  readonly #conversation: Conversation;
  #since = performance.now();
  #bytes: Uint8Array = NOTHING;
  #passed: number;
  #ended = false;
  #resume: RequestProgress | undefined;
  readonly #expects: 'anything' | 'request';
  readonly #refuses: 'preamble' | undefined;

  /** `expects`: behind a request only another can come; all else is a bad one. */
  constructor(
    conversation: Conversation,
    first?: { readonly bytes: Uint8Array; readonly ended: boolean; readonly passed?: number },
    expects: 'anything' | 'request' = 'anything',
    refuses?: 'preamble',
  ) {
    this.#conversation = conversation;
    this.#expects = expects;
    this.#refuses = refuses;
    this.#passed = first?.passed ?? 0;
    if (first && (first.bytes.length > 0 || first.ended)) this.#feed(first.bytes, first.ended);
  }

  /** The head of `request`, as it came. */
  get head(): Uint8Array {
    return this.#bytes.subarray(0, this.request?.headBytes ?? 0);
  }

  /** Bytes of the client that had passed before these. */
  get passed(): number {
    return this.#passed;
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
      if (left <= 0) return this.#late();
      const held = await this.#conversation.inspect('client', this.#bytes.length, Math.ceil(left));
      if (!held) return 'gone';
      this.#passed = held.passed;
      this.#feed(held.bytes, held.ended || held.full);
      if (held.deadline && !this.settled) return this.#late();
    }
    return 'settled';
  }

  /** What began a header and might go on as one once it is let pass, is one. */
  #late(): 'settled' | 'late' {
    if (this.#refuses && this.#bytes.length > 0 && readProxyV2(this.#bytes).kind === 'more') this.bad = 'preamble';
    return this.settled ? 'settled' : 'late';
  }

  /**
   * For a flow that is admitted whatever it says: it may stay silent, but what it has begun to say is not kept from its
   * server for longer than `limitMs`, if it could still become HTTP or TLS.
   */
  async settleOnceHeard(limitMs: number): Promise<'settled' | 'late' | 'gone'> {
    return (await this.#begin()) === 'gone' ? 'gone' : this.settle(limitMs);
  }

  /** Waits for the first byte of what may follow; `none`: the client has ended, or was silent for `idleMs`. */
  async begins(idleMs: number): Promise<'begun' | 'none' | 'gone'> {
    const begun = await this.#begin(idleMs);
    return begun === 'gone' ? 'gone' : this.#bytes.length > 0 ? 'begun' : 'none';
  }

  async #begin(idleMs?: number): Promise<'heard' | 'idle' | 'gone'> {
    while (!this.settled && this.#bytes.length === 0 && !this.#ended) {
      const held = await this.#conversation.inspect('client', 0, idleMs);
      if (!held) return 'gone';
      this.#passed = held.passed;
      if (held.bytes.length > 0 || held.ended) this.#feed(held.bytes, held.ended || held.full);
      else if (held.deadline) return 'idle';
    }
    this.#since = performance.now();
    return 'heard';
  }

  /** `last`: nothing can follow these bytes, so what they are must be told now. */
  #feed(bytes: Uint8Array, last: boolean): void {
    this.#bytes = bytes;
    this.#ended = last;
    if (this.#refuses && bytes.length > 0) {
      const header = readProxyV2(bytes).kind;
      if (header === 'more' && !last) return;
      if (header !== 'not-proxy') {
        this.bad = 'preamble';
        return;
      }
    }
    const look = this.#expects === 'anything' ? sniff : sniffRequest;
    const seen = look(bytes, last, this.#resume);
    if (seen.kind === 'more') this.#resume = seen.resume;
    if (seen.kind === 'bad-request') this.bad = seen;
    if (seen.kind !== 'evidence') return;
    this.evidence = seen.evidence;
    this.request = seen.http;
    // Of what a flow shows as much is kept as is needed, for as long as it lives: bodies and hellos are large.
    this.#bytes = bytes.slice(0, seen.http?.headBytes ?? 0);
  }
}

const NOTHING = new Uint8Array(0);

/** After an upgrade to anything but WebSocket nothing that follows could be judged. */
export function upgradesBlindly({ upgrade }: RequestHead): boolean {
  return upgrade.some((protocol) => protocol !== 'websocket');
}
