/** The numbers of core/protocol.h. test/unit/agent/native/records.test.ts compiles that header and compares. */
export const LAYOUT = {
  bellBytes: 128,
  /** Index of the epoch among the bell's words. */
  bellEpoch: 16,
  messageBytes: 1 << 20,
  commandBytes: 1 << 18,
  controlWords: 128,
  maxPayload: 64 * 1024,
  maxEdit: 16 * 1024,
  leaseTimeHeaderCap: 256,
  addressBytes: 20,
} as const;

/** Indices into a thread's control words. */
export const WORD = {
  messagesHead: 0,
  flows: 1,
  heldBytes: 2,
  paused: 3,
  messagesTail: 16,
  commandsHead: 32,
  commandsTail: 48,
  threadSleeps: 64,
} as const;

/** Byte offsets inside a record. */
export const HEADER = {
  length: 0,
  kind: 4,
  side: 5,
  flags: 6,
  slot: 8,
  generation: 12,
  payload: 16,
  value: 20,
  bytes: 24,
} as const;

export const ACCEPTED = { at: 24, listener: 32, peer: 36, local: 56, original: 76, bytes: 96 } as const;
export const HELD = { passed: 24, turn: 32, bytes: 40 } as const;
export const DIALED = { at: 24, local: 32, era: 52, bytes: 56 } as const;
export const LOST = { passed: 24, bytes: 32 } as const;
export const LEASED_REQUEST = { at: 24, passed: 32, bodyBytes: 40, bytes: 48 } as const;
export const LEASED_ANSWER = { bodyBytes: 24, bodyAt: 32, atSent: 40, atFirstByte: 48, atEnd: 56, bytes: 64 } as const;
export const LEASED_END = { at: 24, bodyBytes: 32, bytes: 40 } as const;
export const ASKED = { bodyBytes: 24, bytes: 32 } as const;
export const ADOPTED = { fd: 24, ended: 32, bytes: 40 } as const;
export const CLOSED = {
  toUpstream: 24,
  toClient: 32,
  atAccepted: 40,
  atConnected: 48,
  atFirstUpstreamByte: 56,
  atClosed: 64,
  bytes: 72,
} as const;

export const MESSAGE = {
  filler: 0,
  accepted: 1,
  held: 2,
  gate: 3,
  observed: 4,
  dialed: 5,
  closed: 6,
  stopped: 7,
  lost: 8,
  leasedRequest: 9,
  leasedAnswer: 10,
  leasedEnd: 11,
  asked: 12,
  adoptedBytes: 13,
  adopted: 14,
} as const;

export const FLAG = {
  ended: 1,
  deadline: 2,
  full: 4,
  reset: 8,
  inAnswer: 1,
  requestSent: 2,
  inBody: 4,
  behindData: 8,
  unsent: 1,
} as const;

export const COMMAND = {
  filler: 0,
  listen: 1,
  unlisten: 2,
  dropNetns: 3,
  inspect: 4,
  dial: 5,
  forward: 6,
  observe: 7,
  respond: 8,
  close: 9,
  edit: 10,
  lease: 11,
  adopt: 12,
  share: 13,
} as const;

export const COMMAND_FLAG = { all: 1, notifyHeld: 2, more: 1, rst: 1, on: 1, stop: 1 } as const;

/** Byte offsets of the fixed part behind a command's header, and its whole size. */
export const INSPECT = { beyond: 24, deadlineMs: 28, bytes: 32 } as const;
export const DIAL = { to: 24, timeoutMs: 44, era: 48, bytes: 52 } as const;
export const FORWARD = { low: 24, high: 28, turn: 32, bytes: 36 } as const;
export const LEASE = {
  epoch: 24,
  validMs: 28,
  host: 32,
  method: 34,
  target: 36,
  timeHeader: 38,
  bytes: 40,
} as const;
export const EDIT = { at: 24, remove: 28, bytes: 32 } as const;

export const SIDES = ['client', 'upstream'] as const;
export const CAUSES = [
  'ended',
  'closed',
  'responded',
  'reset',
  'half-close-timeout',
  'stopped',
  'no-resources',
  'adopted',
] as const;
export const SIDE_ENDS = ['none', 'fin', 'reset', 'error', 'closed-by-us'] as const;
