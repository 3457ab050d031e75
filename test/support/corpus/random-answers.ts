import * as fc from 'fast-check';

/** An answer as some origin might write it: strict in what frames it, and in nothing else like the next one. */
export type RandomAnswer = {
  readonly method: 'GET' | 'HEAD';
  /** latin1 */
  readonly bytes: string;
};

/** Answers that leave their connection open; the same seed gives the same ones. */
export function randomAnswers(count: number, seed: number): readonly RandomAnswer[] {
  return fc.sample(answer(), { numRuns: count, seed });
}

function answer(): fc.Arbitrary<RandomAnswer> {
  const parts = { interim: fc.array(interim(), { maxLength: 2 }), line: statusLine(), fields: fields(), body: body() };
  return fc.record(parts).map(({ interim: ahead, line, fields: all, body: { framing, bytes, method } }) => {
    const bare = line.status === 204 || line.status === 304;
    const framed = line.status === 204 ? [] : [framing];
    // Where the frame stands among the other fields is as random as they are.
    const at = bytes.length % (all.length + 1);
    const lines = [...all.slice(0, at), ...framed, ...all.slice(at)].join('');
    const rest = bare || method === 'HEAD' ? '' : bytes;
    return { method, bytes: `${ahead.join('')}${line.text}\r\n${lines}\r\n${rest}` };
  });
}

const interim = (): fc.Arbitrary<string> =>
  fc
    .record({ status: fc.constantFrom(100, 102, 103, 199), fields: fields() })
    .map(({ status, fields: all }) => `HTTP/1.1 ${status} Interim\r\n${all.join('')}\r\n`);

const statusLine = (): fc.Arbitrary<{ readonly status: number; readonly text: string }> =>
  fc
    .record({
      status: fc.oneof(fc.constantFrom(200, 204, 301, 304, 404, 500), fc.integer({ min: 200, max: 599 })),
      reason: fc.oneof(fc.constant(undefined), text({ maxLength: 30 })),
    })
    .map(({ status, reason }) => {
      return { status, text: `HTTP/1.1 ${status}${reason === undefined ? '' : ` ${reason}`}` };
    });

/** In any spelling, order and number, with any blanks around their values (RFC 9110 §5.5, §5.6.3). */
const fields = (): fc.Arbitrary<readonly string[]> =>
  fc.array(
    fc
      .record({ name: fieldName(), before: blanks(), value: text({ maxLength: 60 }), behind: blanks() })
      .map(({ name, before, value, behind }) => `${name}:${before}${value}${behind}\r\n`),
    { maxLength: 12 },
  );

/** RFC 9110 §5.6.2. */
const TOKEN = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".split('');
const KNOWN = ['Server', 'date', 'ETAG', 'Set-Cookie', 'set-cookie', 'X-A', 'x-a', 'Vary', 'Age', 'Via', 'Link'];

const fieldName = (): fc.Arbitrary<string> =>
  fc.oneof(
    fc.constantFrom(...KNOWN),
    fc
      .array(fc.constantFrom(...TOKEN), { minLength: 1, maxLength: 20 })
      .map((all) => `x${all.join('')}`) // behind an x, no name means anything to a proxy
      .filter((name) => name.toLowerCase() !== 'x-envoy-upstream-service-time'),
  );

const blanks = (): fc.Arbitrary<string> => fc.constantFrom('', ' ', '  ', '\t', ' \t ');

/** Visible ASCII, obs-text and blanks inside (RFC 9110 §5.5). */
const text = (size: { readonly maxLength: number }): fc.Arbitrary<string> =>
  fc
    .array(fc.oneof(fc.integer({ min: 0x20, max: 0x7e }), fc.integer({ min: 0x80, max: 0xff }), fc.constant(9)), size)
    .map((codes) => String.fromCharCode(...codes).trim());

type Body = { readonly framing: string; readonly bytes: string; readonly method: 'GET' | 'HEAD' };

const body = (): fc.Arbitrary<Body> =>
  fc
    .record({
      data: fc.array(fc.uint8Array({ maxLength: 3000 }), { maxLength: 6 }),
      chunked: fc.boolean(),
      extension: fc.constantFrom('', ';a', ';a=b', ';a="b;c"', '; a = b'),
      trailers: fields(),
      method: fc.constantFrom('GET' as const, 'GET' as const, 'GET' as const, 'HEAD' as const),
      name: fc.boolean(),
    })
    .map(({ data, chunked, extension, trailers, method, name }) => {
      const pieces = data.map((each) => Buffer.from(each).toString('latin1'));
      if (!chunked) {
        const bytes = pieces.join('');
        return { framing: `${name ? 'Content-Length' : 'content-length'}: ${bytes.length}\r\n`, bytes, method };
      }
      const chunks = pieces
        .filter((piece) => piece !== '')
        .map((piece) => `${sizeOf(piece, name)}${extension}\r\n${piece}\r\n`);
      // A trailer is held to ASCII: what servers send as such is digests and times.
      const behind = trailers.filter((each) => /^[\t\r\n -~]*$/.test(each)).join('');
      return {
        framing: `${name ? 'Transfer-Encoding' : 'TRANSFER-ENCODING'}: chunked\r\n`,
        bytes: `${chunks.join('')}0\r\n${behind}\r\n`,
        method,
      };
    });

function sizeOf(piece: string, upper: boolean): string {
  const size = piece.length.toString(16);
  return upper ? `0${size.toUpperCase()}` : size;
}
