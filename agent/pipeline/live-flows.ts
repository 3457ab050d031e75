import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Conversation } from '../relay/conversation.ts';
import type { Caller } from './caller.ts';

/**
 * The flows that live now, by whom they are counted to: so that one workload cannot use up what others need, and so that
 * all of a namespace's flows can be ended at once.
 */
export class LiveFlows {
  readonly #byCaller = new Map<string, Counted>();
  readonly #callerOf = new Map<Conversation, string>();
  readonly #refusedUntil = new Map<string, number>();
  readonly #asking = new Set<Conversation>();
  readonly #followed = new Map<Conversation, Followed>();
  /** Numbers of shares that nobody has any longer, and how many were ever given. */
  readonly #freeShares: number[] = [];
  #shares = 0;
  #windingDown = false;
  readonly #mostPerCaller: number;
  #whenEmpty: (() => void)[] = [];

  constructor(mostPerCaller: number) {
    this.#mostPerCaller = mostPerCaller;
  }

  get size(): number {
    return this.#callerOf.size;
  }

  /**
   * False if the caller has as many flows as one may have; the flow is then not counted and must be closed. A flow that
   * is counted already is from now on counted to this caller: a gateway's peer has told for whom it speaks.
   */
  admit({ key, namespace }: Caller, flow: Conversation): boolean {
    if (this.#callerOf.get(flow) === key) return true;
    const counted = this.#byCaller.get(key) ?? { flows: new Set(), share: this.#freeShares.pop() ?? this.#shares++ };
    if (counted.flows.size >= this.#mostPerCaller) return false;
    this.#uncount(flow);
    counted.flows.add(flow);
    this.#byCaller.set(key, counted);
    this.#callerOf.set(flow, key);
    if (namespace === null) flow.share(counted.share); // a namespace has its listener to itself
    return true;
  }

  #uncount(flow: Conversation): void {
    const key = this.#callerOf.get(flow);
    if (key === undefined) return;
    const counted = this.#byCaller.get(key);
    counted?.flows.delete(flow);
    if (counted?.flows.size === 0) {
      this.#byCaller.delete(key);
      this.#freeShares.push(counted.share);
    }
    this.#callerOf.delete(flow);
  }

  forget(flow: Conversation): void {
    this.#uncount(flow);
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
  async resetAll({ key }: Caller, except: Conversation, refuseMs: number): Promise<void> {
    this.#refusedUntil.set(key, performance.now() + refuseMs);
    const others = [...(this.#byCaller.get(key)?.flows ?? [])].filter(
      (flow) => flow !== except && !this.#asking.has(flow),
    );
    for (const flow of others) flow.close('rst');
    await Promise.all(others.map((flow) => flow.closedEvent));
  }

  /** True while new flows of this namespace are refused because its rules are about to go. */
  isClosing({ key }: Caller): boolean {
    const until = this.#refusedUntil.get(key);
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

/** The flows of one caller, and the share of memory that is theirs. */
type Counted = { readonly flows: Set<Conversation>; readonly share: number };

type Followed = { readonly rejudge: () => void; readonly finish: () => void };

/** A decision takes some microseconds. */
const REJUDGED_AT_ONCE = 500;
