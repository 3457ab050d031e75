import { bytesOf, familyOf, type IpAddress } from '../model/address.ts';
import type {
  Accept,
  DialOptions,
  FlowRef,
  Lease,
  ListenerId,
  ListenOptions,
  Mover,
  MoverOptions,
  NetnsId,
  Side,
} from '../model/mover.ts';
import { portOf } from '../model/port.ts';
import { CommandRing } from './command-ring.ts';
import { Delivery } from './delivery.ts';
import { type Addon, type Handle, loadAddon } from './load.ts';
import { MessageRing, readIp } from './message-ring.ts';
import { COMMAND, COMMAND_FLAG, DIAL, EDIT, FORWARD, HEADER, INSPECT, LAYOUT, LEASE, WORD } from './records.ts';
import { SystemError } from './system-error.ts';

export { SystemError } from './system-error.ts';

/**
 * Starts the mover's threads. `accept` is called for each accepted connection and gives the owner of its events.
 *
 * The process stays alive until `stop`. An error thrown by `accept` or a handler reaches `uncaughtException` after the
 * batch; a flow whose `accept` threw is reset. Throws SystemError if threads or memory cannot be had.
 */
export function startMover(options: MoverOptions, accept: Accept): Mover {
  const started = new RunningMover(loadAddon(), options, accept);
  return {
    listen: (listening) => started.listen(listening),
    unlisten: (id) => started.unlisten(id),
    inspect: (flow, side, heldBeyond, deadlineMs) => started.inspect(flow, side, heldBeyond, deadlineMs),
    edit: (flow, side, at, remove, bytes) => started.edit(flow, side, at, remove, bytes),
    dial: (flow, dialing) => started.dial(flow, dialing),
    forward: (flow, side, bytes, notify) => started.forward(flow, side, bytes, notify),
    observe: (flow, side, on) => started.observe(flow, side, on),
    lease: (flow, lease) => started.lease(flow, lease),
    nextEpoch: () => started.nextEpoch(),
    epoch: () => started.epoch(),
    respond: (flow, bytes) => started.respond(flow, bytes),
    share: (flow, number) => started.share(flow, number),
    adopt: (flow) => started.adopt(flow),
    close: (flow, how) => started.close(flow, how),
    openNetns: (path) => started.openNetns(path),
    closeNetns: (id) => started.closeNetns(id),
    localAddresses: () => started.localAddresses(),
    stats: () => started.stats(),
    stop: () => started.stop(),
  };
}

type Thread = {
  readonly index: number;
  readonly messages: MessageRing;
  readonly commands: CommandRing;
  readonly delivery: Delivery;
  /** Has commands that C does not see yet. */
  dirty: boolean;
};

/** All other verbs are dropped under a lease: their giver cannot know how far things are. */
const ENDS_A_LEASE: ReadonlySet<number> = new Set([COMMAND.lease, COMMAND.respond, COMMAND.close]);

const NOTHING = new Uint8Array(0);

/** How soon commands are offered again to a ring that was full. */
const FULL_RING_RETRY_MS = 2;

class RunningMover {
  readonly #addon: Addon;
  readonly #handle: Handle;
  readonly #bell: Int32Array;
  readonly #threads: readonly Thread[];
  readonly #listeners = new Set<ListenerId>();
  readonly #namespaces = new Set<NetnsId>();
  readonly #stopped = Promise.withResolvers<undefined>();
  #stopping = false;
  #freed = false;
  #draining = false;
  #flushQueued = false;
  #retry: NodeJS.Timeout | undefined;

  constructor(addon: Addon, options: MoverOptions, accept: Accept) {
    const { threads, maxFlowsPerThread, maxHeldBytes, halfCloseMs, lingerMs } = options;
    const started = addon.start(threads, maxFlowsPerThread, maxHeldBytes, halfCloseMs, lingerMs, () => this.#drain());
    if (typeof started === 'number') throw new SystemError('mover_start', -started, JSON.stringify(options));
    const [handle, memory] = started;
    this.#addon = addon;
    this.#handle = handle;
    this.#bell = new Int32Array(memory, 0, LAYOUT.bellBytes / 4);
    const threadBytes = LAYOUT.controlWords * 4 + LAYOUT.messageBytes + LAYOUT.commandBytes;
    this.#threads = Array.from({ length: threads }, (_, index) => {
      const offset = LAYOUT.bellBytes + index * threadBytes;
      const messages = new MessageRing(memory, offset);
      const delivery = new Delivery(index, messages, accept, (flow) => this.close(flow, 'rst'));
      return { index, messages, commands: new CommandRing(memory, offset), delivery, dirty: false };
    });
    Atomics.store(this.#bell, 0, 1);
  }

  listen(options: ListenOptions): { readonly id: ListenerId; readonly port: NonNullable<ReturnType<typeof portOf>> } {
    const { netns, ip, port, sharing, transparent } = options;
    const answer = this.#addon.listen(this.#handle, netns, bytesOf(ip), port, sharing === 'exclusive', transparent);
    const bound = portOf(answer % 65_536);
    if (answer < 0 || bound === undefined) throw new SystemError('listen', -answer, `${ip} port ${port}`);
    const id = Math.floor(answer / 65_536);
    this.#listeners.add(id);
    this.#toAllThreads(COMMAND.listen, id);
    return { id, port: bound };
  }

  unlisten(id: ListenerId): void {
    if (!this.#listeners.delete(id) || this.#stopping) return;
    this.#addon.unlisten(this.#handle, id);
    this.#toAllThreads(COMMAND.unlisten, id);
  }

  inspect(flow: FlowRef, side: Side, heldBeyond: number, deadlineMs: number): void {
    const ring = this.#command(COMMAND.inspect, flow, side, 0, this.#era(flow), INSPECT.bytes, NOTHING);
    ring?.setUint32(INSPECT.beyond, Math.min(heldBeyond, 0xffff_ffff));
    ring?.setUint32(INSPECT.deadlineMs, milliseconds(deadlineMs));
  }

  edit(flow: FlowRef, side: Side, at: number, remove: number, bytes: Uint8Array): void {
    if (bytes.length > LAYOUT.maxEdit) throw new RangeError(`an edit of ${bytes.length} bytes`);
    const ring = this.#command(COMMAND.edit, flow, side, 0, 0, EDIT.bytes, bytes);
    ring?.setUint32(EDIT.at, at);
    ring?.setUint32(EDIT.remove, remove);
  }

  dial(flow: FlowRef, options: DialOptions): void {
    const { to, netns, preamble, timeoutMs } = options;
    if (preamble.length > LAYOUT.maxPayload) throw new RangeError(`a preamble of ${preamble.length} bytes`);
    const ring = this.#command(COMMAND.dial, flow, 'client', 0, netns ?? -1, DIAL.bytes, preamble);
    if (!ring) return;
    ring.setBytes(DIAL.to, bytesOf(to.ip));
    ring.setUint16(DIAL.to + 16, to.port);
    ring.setUint8(DIAL.to + 18, familyOf(to.ip));
    ring.setUint32(DIAL.timeoutMs, milliseconds(timeoutMs));
    ring.setUint32(DIAL.era, this.#threads[flow.thread]?.delivery.nextEra(flow) ?? 0);
  }

  forward(flow: FlowRef, side: Side, bytes: number | 'all', notify: 'reached' | 'held'): void {
    const flags = (bytes === 'all' ? COMMAND_FLAG.all : 0) | (notify === 'held' ? COMMAND_FLAG.notifyHeld : 0);
    const count = bytes === 'all' ? 0 : bytes;
    if (!Number.isSafeInteger(count) || count < 0) throw new RangeError(`forward ${bytes} bytes`);
    const ring = this.#command(COMMAND.forward, flow, side, flags, this.#era(flow), FORWARD.bytes, NOTHING);
    ring?.setUint32(FORWARD.turn, this.#threads[flow.thread]?.delivery.nextTurn(flow, side) ?? 0);
    ring?.setUint32(FORWARD.low, count % 2 ** 32);
    ring?.setUint32(FORWARD.high, Math.floor(count / 2 ** 32));
  }

  observe(flow: FlowRef, side: Side, on: boolean): void {
    this.#command(COMMAND.observe, flow, side, on ? COMMAND_FLAG.on : 0, 0, HEADER.bytes, NOTHING);
  }

  lease(flow: FlowRef, lease: Lease | undefined): void {
    const delivery = this.#threads[flow.thread]?.delivery;
    if (!lease) {
      this.#command(COMMAND.lease, flow, 'client', COMMAND_FLAG.stop, this.#era(flow), HEADER.bytes, NOTHING);
      return;
    }
    const { host, method = '', target = '', timeHeader = '', epoch, validMs } = lease;
    if (delivery?.isLeased(flow)) return;
    const text = Buffer.from(host + method + target + timeHeader, 'latin1');
    if (timeHeader.length > LAYOUT.leaseTimeHeaderCap || text.length >= LAYOUT.maxPayload)
      throw new RangeError(`a lease of ${text.length} bytes`);
    const ring = this.#command(COMMAND.lease, flow, 'client', 0, this.#era(flow), LEASE.bytes, text);
    if (!ring) return;
    delivery?.leases(flow);
    ring.setUint32(LEASE.epoch, epoch);
    ring.setUint32(LEASE.validMs, milliseconds(validMs));
    ring.setUint16(LEASE.host, host.length);
    ring.setUint16(LEASE.method, method.length);
    ring.setUint16(LEASE.target, target.length);
    ring.setUint16(LEASE.timeHeader, timeHeader.length);
  }

  nextEpoch(): void {
    if (!this.#freed) Atomics.add(this.#bell, LAYOUT.bellEpoch, 1);
  }

  epoch(): number {
    return Atomics.load(this.#bell, LAYOUT.bellEpoch) >>> 0;
  }

  respond(flow: FlowRef, bytes: Uint8Array): void {
    for (let at = 0; at === 0 || at < bytes.length; at += LAYOUT.maxPayload) {
      const piece = bytes.subarray(at, at + LAYOUT.maxPayload);
      const more = at + piece.length < bytes.length ? COMMAND_FLAG.more : 0;
      this.#command(COMMAND.respond, flow, 'client', more, 0, HEADER.bytes, piece);
    }
  }

  share(flow: FlowRef, number: number): void {
    this.#command(COMMAND.share, flow, 'client', 0, number, HEADER.bytes, NOTHING);
  }

  adopt(flow: FlowRef): void {
    this.#command(COMMAND.adopt, flow, 'client', 0, 0, HEADER.bytes, NOTHING);
  }

  close(flow: FlowRef, how: 'fin' | 'rst'): void {
    this.#command(COMMAND.close, flow, 'client', how === 'rst' ? COMMAND_FLAG.rst : 0, 0, HEADER.bytes, NOTHING);
  }

  openNetns(path: string): NetnsId {
    const id = this.#addon.openNetns(this.#handle, path);
    if (id < 0) throw new SystemError('open', -id, path);
    this.#namespaces.add(id);
    return id;
  }

  closeNetns(id: NetnsId): void {
    if (this.#namespaces.delete(id)) this.#toAllThreads(COMMAND.dropNetns, id);
  }

  localAddresses(): readonly IpAddress[] {
    const records = this.#addon.localAddresses();
    if (typeof records === 'number') throw new SystemError('getifaddrs', -records, '');
    const view = new DataView(records);
    const bytes = new Uint8Array(records);
    const found = new Set<IpAddress>();
    for (let at = 0; at < bytes.length; at += LAYOUT.addressBytes) {
      const ip = readIp(view, bytes, at);
      if (ip) found.add(ip);
    }
    return [...found];
  }

  stats(): { flows: number; heldBytes: number; paused: boolean } {
    const sum = (word: number) => this.#threads.reduce((total, thread) => total + thread.messages.counter(word), 0);
    return { flows: sum(WORD.flows), heldBytes: sum(WORD.heldBytes), paused: sum(WORD.paused) > 0 };
  }

  stop(): Promise<void> {
    if (!this.#stopping) {
      this.#stopping = true;
      this.#addon.stop(this.#handle);
    }
    return this.#stopped.promise;
  }

  /** Begins a record for a flow, or gives undefined if it would come to nothing. */
  #command(
    kind: number,
    flow: FlowRef,
    side: Side,
    flags: number,
    value: number,
    fixed: number,
    payload: Uint8Array,
  ): CommandRing | undefined {
    const thread = this.#threads[flow.thread];
    if (!thread || this.#stopping) return undefined;
    if (!ENDS_A_LEASE.has(kind) && thread.delivery.isLeased(flow)) return undefined;
    const sideNumber = side === 'client' ? 0 : 1;
    thread.commands.begin(kind, sideNumber, flags, flow.slot, flow.generation, value, fixed, payload);
    this.#markDirty(thread);
    return thread.commands;
  }

  #era(flow: FlowRef): number {
    return this.#threads[flow.thread]?.delivery.era(flow) ?? 0;
  }

  #toAllThreads(kind: number, value: number): void {
    if (this.#stopping) return;
    for (const thread of this.#threads) {
      thread.commands.begin(kind, 0, 0, 0, 0, value, HEADER.bytes, NOTHING);
      this.#markDirty(thread);
    }
  }

  /**
   * Verbs of one turn go to C together: behind the batch if one is being read, else behind all promises that can go on
   * now (the queue of nextTick is served when that of microtasks is empty), since each wake-up of a thread costs a call.
   */
  #markDirty(thread: Thread): void {
    thread.dirty = true;
    if (this.#draining || this.#flushQueued) return;
    this.#flushQueued = true;
    process.nextTick(() => {
      this.#flushQueued = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#freed) return;
    let full = false;
    for (const thread of this.#threads) {
      if (!thread.dirty) continue;
      if (thread.commands.flush()) this.#addon.kick(this.#handle, thread.index);
      thread.dirty = thread.commands.waiting;
      full ||= thread.dirty;
    }
    if (!full || this.#retry) return;
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      this.#flush();
    }, FULL_RING_RETRY_MS);
  }

  /**
   * Called when C has rung the bell. One pass: under load C never stops writing, and the promises of the owners must get
   * their turn in between. The last look comes after the flag that says we sleep.
   */
  #drain(): void {
    if (this.#freed) return;
    this.#draining = true;
    for (const thread of this.#threads) thread.delivery.deliverTurn();
    this.#draining = false;
    this.#flush();
    if (this.#threads.every((thread) => thread.delivery.stopped)) {
      this.#free();
      return;
    }
    Atomics.store(this.#bell, 0, 1);
    if (this.#threads.every((thread) => thread.messages.empty)) return;
    if (Atomics.exchange(this.#bell, 0, 0) === 1) setImmediate(() => this.#drain()); // else C has rung meanwhile
  }

  #free(): void {
    this.#freed = true;
    clearTimeout(this.#retry);
    this.#addon.free(this.#handle);
    this.#stopped.resolve(undefined);
  }
}

function milliseconds(value: number): number {
  return Math.min(Math.max(Math.ceil(value), 0), 0x7fff_ffff);
}
