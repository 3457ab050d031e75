import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Conversation } from '../relay/conversation.ts';
import type { EnrolledNamespace } from './enrolled-namespace.ts';

/**
 * The flows that live now, by the namespace they came from: so that one workload cannot use up what others need, and
 * so that all of a namespace's flows can be ended at once.
 */
export class LiveFlows {
  readonly #byNamespace = new Map<EnrolledNamespace, Set<Conversation>>();
  readonly #refusedUntil = new Map<EnrolledNamespace, number>();
  readonly #asking = new Set<Conversation>();
  readonly #followed = new Map<Conversation, Followed>();
  #windingDown = false;
  readonly #mostPerNamespace: number;
  #whenEmpty: (() => void)[] = [];

  constructor(mostPerNamespace: number) {
    this.#mostPerNamespace = mostPerNamespace;
  }

  get size(): number {
    let size = 0;
    for (const flows of this.#byNamespace.values()) size += flows.size;
    return size;
  }

  /** False if the namespace has as many flows as one may have; the flow is then not counted and must be closed. */
  admit(enrolled: EnrolledNamespace, flow: Conversation): boolean {
    const flows = this.#byNamespace.get(enrolled) ?? new Set();
    if (flows.size >= this.#mostPerNamespace) return false;
    this.#byNamespace.set(enrolled, flows.add(flow));
    return true;
  }

  forget(enrolled: EnrolledNamespace, flow: Conversation): void {
    this.#byNamespace.get(enrolled)?.delete(flow);
    this.#asking.delete(flow);
    this.#followed.delete(flow);
    if (this.#whenEmpty.length === 0 || this.size > 0) return;
    for (const tell of this.#whenEmpty.splice(0)) tell();
  }

  /**
   * `rejudge` is called whenever a new registry is in force, as long as the flow lives; `finish` once the agent is to stop:
   * what waits for nothing but more requests ends then. The last ones given count.
   */
  follow(flow: Conversation, rejudge: () => void, finish: () => void = () => {}): void {
    if (!flow.over) this.#followed.set(flow, { rejudge, finish });
  }

  /** True once the agent is to stop: nothing new is begun on connections that live. */
  get windingDown(): boolean {
    return this.#windingDown;
  }

  windDown(): void {
    this.#windingDown = true;
    for (const { finish } of this.#followed.values()) finish();
  }

  /** A new registry is in force: asks every flow that was admitted, some at a time, so that new ones are not kept waiting. */
  async rejudgeAll(): Promise<void> {
    const flows = [...this.#followed.keys()];
    for (let at = 0; at < flows.length; at += REJUDGED_AT_ONCE) {
      for (const flow of flows.slice(at, at + REJUDGED_AT_ONCE)) this.#followed.get(flow)?.rejudge();
      await nextTurn();
    }
  }

  /**
   * While a flow may be a question of `weir-init`, no other question resets it: a workload that asks without end could
   * else keep the rules from being removed. It counts as before; `false` ends this.
   */
  spare(flow: Conversation, spared: boolean): void {
    if (spared) this.#asking.add(flow);
    else this.#asking.delete(flow);
  }

  /**
   * Resets every flow of the namespace but `except` and those that ask too, and answers true to `isClosing` for the
   * next `refuseMs`. Resolves once the last of them has ended.
   */
  async resetAll(enrolled: EnrolledNamespace, except: Conversation, refuseMs: number): Promise<void> {
    this.#refusedUntil.set(enrolled, performance.now() + refuseMs);
    const others = [...(this.#byNamespace.get(enrolled) ?? [])].filter(
      (flow) => flow !== except && !this.#asking.has(flow),
    );
    for (const flow of others) flow.close('rst');
    await Promise.all(others.map((flow) => flow.closedEvent));
  }

  /** True while new flows of this namespace are refused because its rules are about to go. */
  isClosing(enrolled: EnrolledNamespace): boolean {
    const until = this.#refusedUntil.get(enrolled);
    return until !== undefined && performance.now() < until;
  }

  /** Resolves when no flow is left. */
  whenEmpty(): Promise<void> {
    return new Promise((resolve) => {
      if (this.size === 0) resolve();
      else this.#whenEmpty.push(resolve);
    });
  }
}

type Followed = { readonly rejudge: () => void; readonly finish: () => void };

/** A decision takes some microseconds. */
const REJUDGED_AT_ONCE = 500;
