import type { Random } from './random.ts';
import { INPUT_CAP_BYTES, type Mutator, type Target } from './target.ts';

/** One of the target's own mutations or of the general ones, a few times over; `others`: inputs to take pieces from. */
export function mutated(
  target: Pick<Target, 'mutators' | 'tokens'>,
  input: Uint8Array,
  others: readonly Uint8Array[],
  random: Random,
): Uint8Array {
  let bytes = input;
  for (let left = 1 + random.small(6); left > 0; left--) {
    const own = target.mutators.length > 0 && !random.oneIn(3) ? random.pick(target.mutators) : undefined;
    bytes = own ? own(bytes, random) : anyChange(bytes, target.tokens, others, random);
  }
  return bytes.length > INPUT_CAP_BYTES ? bytes.slice(0, INPUT_CAP_BYTES) : bytes;
}

function anyChange(
  bytes: Uint8Array,
  tokens: readonly string[],
  others: readonly Uint8Array[],
  random: Random,
): Uint8Array {
  const choice = random.below(GENERAL.length + 2);
  const token = random.pick(tokens);
  const other = random.pick(others);
  if (choice === 0 && token !== undefined) return withToken(bytes, Buffer.from(token, 'latin1'), random);
  if (choice === 1 && other) return crossed(bytes, other, random);
  return random.pick(GENERAL)(bytes, random);
}

/** Bytes and numbers at which formats change their mind. */
const BYTES = [
  0, 1, 9, 10, 13, 31, 32, 34, 35, 44, 45, 46, 47, 48, 57, 58, 59, 61, 64, 91, 95, 127, 128, 192, 254, 255,
] as const;
const NUMBERS = [0, 1, 2, 3, 4, 16, 127, 128, 255, 256, 1023, 2048, 16_383, 16_384, 32_768, 65_534, 65_535] as const;

const flipBit: Mutator = (bytes, random) => {
  const out = bytes.slice();
  const at = random.below(out.length);
  if (at < out.length) out[at] = (out[at] ?? 0) ^ (1 << random.below(8));
  return out;
};

const setByte: Mutator = (bytes, random) => {
  const out = bytes.slice();
  const at = random.below(out.length);
  if (at < out.length) out[at] = random.oneIn(2) ? random.pick(BYTES) : random.below(256);
  return out;
};

/** A big-endian number of two bytes, as lengths are: another, or a little more or less. */
const setNumber: Mutator = (bytes, random) => {
  if (bytes.length < 2) return bytes;
  const out = bytes.slice();
  const at = random.below(out.length - 1);
  const was = ((out[at] ?? 0) << 8) | (out[at + 1] ?? 0);
  const is = random.oneIn(2) ? random.pick(NUMBERS) : was + random.below(9) - 4;
  out[at] = (is >> 8) & 0xff;
  out[at + 1] = is & 0xff;
  return out;
};

const insertBytes: Mutator = (bytes, random) => {
  const filling = random.oneIn(8) ? 1 + random.small(512) : 1 + random.small(6);
  const same = random.oneIn(2) ? random.pick(BYTES) : undefined;
  const filled = Uint8Array.from({ length: filling }, () => same ?? random.below(256));
  return spliced(bytes, random.below(bytes.length + 1), 0, filled);
};

const removeBytes: Mutator = (bytes, random) =>
  spliced(bytes, random.below(bytes.length), 1 + random.small(random.oneIn(4) ? bytes.length : 8), EMPTY);

const repeatBytes: Mutator = (bytes, random) => {
  const at = random.below(bytes.length);
  const piece = bytes.slice(at, at + 1 + random.small(64));
  return spliced(bytes, random.below(bytes.length + 1), 0, piece);
};

const cutEnd: Mutator = (bytes, random) => bytes.slice(0, random.below(bytes.length + 1));

const EMPTY = new Uint8Array(0);
const GENERAL = [flipBit, setByte, setNumber, insertBytes, removeBytes, repeatBytes, cutEnd] as const;

function withToken(bytes: Uint8Array, token: Uint8Array, random: Random): Uint8Array {
  return spliced(bytes, random.below(bytes.length + 1), random.oneIn(2) ? token.length : 0, token);
}

function crossed(bytes: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  const from = random.below(other.length);
  const piece = other.slice(from, from + 1 + random.small(other.length));
  return spliced(bytes, random.below(bytes.length + 1), random.oneIn(2) ? piece.length : 0, piece);
}

/** `bytes` with `by` in place of `remove` bytes at `at`. */
export function spliced(bytes: Uint8Array, at: number, remove: number, by: Uint8Array): Uint8Array {
  const behind = bytes.subarray(Math.min(bytes.length, at + remove));
  const out = new Uint8Array(at + by.length + behind.length);
  out.set(bytes.subarray(0, at));
  out.set(by, at);
  out.set(behind, at + by.length);
  return out;
}
