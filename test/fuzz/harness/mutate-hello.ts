import { firstMessage } from '../../../agent/wire/tls-records.ts';
import { extension, inRecords, message, record, serverName, vector16 } from '../../unit/agent/wire/hello-bytes.ts';
import { concat } from '../../unit/agent/wire/settling.ts';
import type { Random } from './random.ts';
import type { Mutator } from './target.ts';

/** The extensions of a hello that has some: once more, gone, other places, other contents; all lengths true again. */
export const changeExtensions: Mutator = (bytes, random) => {
  const parts = partsOf(bytes);
  if (!parts) return bytes;
  const extensions = changed(parts.extensions, random);
  return inRecords(message(1, concat(parts.ahead, vector16(concat(...extensions)))));
};

/** The same message in other records, now and then with another record among them. */
export const changeRecords: Mutator = (bytes, random) => {
  const first = firstMessage(bytes);
  if (first.kind !== 'message') return bytes;
  const whole = message(1, first.body);
  const size = 1 + random.small(whole.length);
  if (!random.oneIn(3)) return inRecords(whole, size);
  const odd = record(random.pick([20, 21, 22, 22, 23, 24]), new Uint8Array(random.small(5)));
  return concat(inRecords(whole.slice(0, size)), odd, inRecords(whole.slice(size)));
};

function changed(extensions: readonly Uint8Array[], random: Random): readonly Uint8Array[] {
  const at = random.below(extensions.length);
  const one = extensions[at];
  switch (random.below(5)) {
    case 0:
      return extensions.toSpliced(at, 1);
    case 1:
      return one ? extensions.toSpliced(random.below(extensions.length), 0, one) : extensions;
    case 2:
      return extensions.toSpliced(at, 0, oddExtension(random));
    case 3:
      return one ? extensions.with(at, extension(random.pick(TYPES), one.slice(4))) : extensions;
    default:
      return one ? extensions.with(at, withByte(one, random)) : extensions;
  }
}

const TYPES = [0, 0, 16, 16, 0xfe0d, 0x0a0a, 51, 0xffff] as const;

function oddExtension(random: Random): Uint8Array {
  const name = random.pick([
    'a.test',
    'A.Test.',
    '',
    '198.18.0.1',
    'a..b',
    '*.test',
    'a_b.test',
    `${'a'.repeat(64)}.test`,
    '\xe9.test',
    'a\0b',
  ]);
  const names = random.oneIn(4) ? [name, 'b.test'] : [name];
  if (random.oneIn(2)) return serverName(...names);
  const data = Uint8Array.from({ length: random.small(12) }, () => random.below(256));
  return extension(random.pick(TYPES), random.oneIn(2) ? data : vector16(data));
}

/** One byte behind type and length. */
function withByte(one: Uint8Array, random: Random): Uint8Array {
  const out = one.slice();
  if (out.length > 4) out[4 + random.below(out.length - 4)] = random.below(256);
  return out;
}

type Parts = { readonly ahead: Uint8Array; readonly extensions: readonly Uint8Array[] };

/** undefined: not a hello whose lengths lead to its extensions. */
function partsOf(bytes: Uint8Array): Parts | undefined {
  const first = firstMessage(bytes);
  if (first.kind !== 'message') return undefined;
  const { body } = first;
  const number = (at: number): number => ((body[at] ?? 0) << 8) | (body[at + 1] ?? 0);
  const ciphersAt = 35 + (body[34] ?? 0);
  const compressionsAt = ciphersAt + 2 + number(ciphersAt);
  const extensionsAt = compressionsAt + 1 + (body[compressionsAt] ?? 0);
  if (extensionsAt + 2 > body.length) return undefined;
  const extensions: Uint8Array[] = [];
  for (let at = extensionsAt + 2; at + 4 <= body.length; ) {
    const next = at + 4 + number(at + 2);
    extensions.push(body.slice(at, next));
    at = next;
  }
  return { ahead: body.slice(0, extensionsAt), extensions };
}
