import * as fc from 'fast-check';

/** Messages as bytes: well-formed more often than not, then changed in places where readers are known to differ. */
export function arbitraryRequest(): fc.Arbitrary<Uint8Array> {
  const line = fc.tuple(often(METHODS, ODD_METHODS), often(TARGETS, ODD_TARGETS), often(['HTTP/1.1'], ODD_VERSIONS));
  const host = fc.tuple(often(['Host'], ['host', 'HOST', 'Hos', 'Host ']), arbitraryHost());
  return head(
    line.map((parts) => parts.join(' ')),
    fc.option(host, { freq: 20 }),
  );
}

export function arbitraryAnswer(): fc.Arbitrary<Uint8Array> {
  const line = fc.tuple(often(['HTTP/1.1'], ODD_VERSIONS), often(STATUS, ODD_STATUS), often(REASONS, ODD_REASONS));
  const coding = fc.tuple(fc.constantFrom('Transfer-Encoding', 'TRANSFER-encoding'), often(['chunked'], ODD_CODINGS));
  const length = fc.tuple(fc.constant('Content-Length'), often(['0', '5', '1234'], ODD_LENGTHS));
  return head(
    line.map(([version, status, reason]) => `${version} ${status}${reason}`),
    fc.option(fc.oneof({ weight: 3, arbitrary: length }, { weight: 1, arbitrary: coding }), { freq: 10 }),
  );
}

/** A name to look for: one that may be there, in any case, or one that is not. */
export function arbitraryName(): fc.Arbitrary<Uint8Array> {
  const name = fc.oneof(fc.constantFrom('host', 'X-A', 'cOntent-length', 'server', 'x', '', 'HTTP/1.1'), token());
  return name.map((text) => Buffer.from(text, 'latin1'));
}

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'QUERY', 'FOO'];
const ODD_METHODS = [
  'CONNECT',
  'TRACE',
  'PRI',
  'PRIVATE',
  'get',
  'Get',
  'M-SEARCH',
  'GE T',
  '',
  ' GET',
  '\r\nGET',
  'A_B',
];
const TARGETS = ['/', '/a?b=1', '//', '/..%2f\\x', '/a|b{}"<>^`', `/${'x'.repeat(400)}`];
const ODD_TARGETS = [
  '*',
  '/#',
  '/a#b',
  'http://a.test/',
  'a.test:443',
  '',
  '/\xe9',
  '/a b',
  '/\t',
  '/\0',
  '?',
  '/\x7f',
];
const ODD_VERSIONS = [
  'HTTP/1.0',
  'HTTP/1.2',
  'HTTP/2.0',
  'http/1.1',
  'HTTP/1.1 ',
  'HTTP/1.',
  '',
  'HTTP/01.1',
  'HTTP/1.1x',
];
const STATUS = ['200', '204', '304', '404', '500', '599', '206', '302'];
const ODD_STATUS = ['100', '101', '199', '205', '600', '099', '20', '2000', 'abc', '', '2x0', ' 200'];
const REASONS = [' OK', ' Not Found', ' ', '', ' d\xe9j\xe0'];
const ODD_REASONS = ['  ', '\t', 'x', ' a\tb', ' \0', ' \x7f', '-'];
const ODD_LENGTHS = (
  ' 00 05 +5 -1 5,5 0x5 1e3 1_0 5. \xb5 5; 9007199254740991 9007199254740992 99999999999999999 18446744073709551617 ' +
  '0000000000000000'
)
  .split(' ')
  .concat('5, 5', '5 5');

const ODD_CODINGS = ['Chunked', 'gzip, chunked', 'identity', 'chunked, chunked', '', 'chunke', 'chunkedd', 'chunked\t'];

const FIELDS: readonly (readonly [string, readonly string[]])[] = [
  ['Content-Length', ['0', '5', '1234', ...ODD_LENGTHS]],
  ['Content_Length', ['5']],
  ['content_length', ['']],
  ['Content-Lengthy', ['x']],
  ['Transfer-Encoding', ['chunked', 'identity', 'gzip, chunked', '']],
  ['transfer_encoding', ['chunked']],
  [
    'Connection',
    ['keep-alive', 'Keep-Alive', 'close', 'keep-alive, close', 'upgrade', 'host', '', 'KEEP-ALIVE,', 'te'],
  ],
  ['Proxy-Connection', ['keep-alive']],
  ['Keep-Alive', ['timeout=5']],
  ['Upgrade', ['websocket', 'h2c', '']],
  ['Expect', ['100-continue', 'x']],
  ['TE', ['trailers']],
  ['Trailer', ['x']],
  ['Host', ['b.test', '']],
  ['Cookie', ['a=b; c=d', 'x'.repeat(300)]],
  ['X-A', ['', ' ', 'a b', '\t', 'd\xe9j\xe0', 'a\0', 'a\x7f', '"q"']],
];

/** One that should do, or now and then one that should not. */
function often(usual: readonly string[], odd: readonly string[]): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 24, arbitrary: fc.constantFrom(...usual) },
    { weight: 1, arbitrary: fc.constantFrom(...odd) },
  );
}

function oneOf(characters: string): fc.Arbitrary<string> {
  return fc.constantFrom(...Array.from(characters));
}

function token(): fc.Arbitrary<string> {
  return fc.string({ unit: oneOf('abzAZ09-_.!#$%&*+^`|~'), minLength: 1, maxLength: 20 });
}

function arbitraryHost(): fc.Arbitrary<string> {
  const label = fc.string({ unit: oneOf('aZx09-_'), minLength: 1, maxLength: 65 });
  const host = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom('a.test', 'API.example', 'localhost', 'xn--p1ai.test', 'a_b.c') },
    { weight: 3, arbitrary: fc.oneof(fc.ipV4(), fc.ipV4Extended()) },
    { weight: 3, arbitrary: fc.oneof(fc.ipV6(), fc.ipV6(), hexAndColons()).map((ip) => `[${ip}]`) },
    { weight: 2, arbitrary: fc.array(label, { minLength: 1, maxLength: 6 }).map((labels) => labels.join('.')) },
    { weight: 1, arbitrary: fc.string({ unit: oneOf('a0.-_:[]@%/,xf \t'), maxLength: 12 }) },
    {
      weight: 1,
      arbitrary: fc.constantFrom('', 'a.test.', 'u@a.test', '[::1', '::1', '[v1.a]', '[::ffff:1.2.3.4]', '0x7f.1'),
    },
  );
  const port = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom('', ':80', ':65535') },
    {
      weight: 1,
      arbitrary: fc.constantFrom(':', ':0', ':080', ':65536', ':99999', ':123456', ':8a', ':80:80', ' ', '.'),
    },
  );
  return fc.tuple(host, port).map((parts) => parts.join(''));
}

function hexAndColons(): fc.Arbitrary<string> {
  return fc.string({ unit: oneOf('0afF1:::'), maxLength: 48 });
}

/** `vital`: a field without which nothing is canonical, somewhere among the others. */
function head(
  line: fc.Arbitrary<string>,
  vital: fc.Arbitrary<readonly [string, string] | null>,
): fc.Arbitrary<Uint8Array> {
  const known = fc
    .constantFrom(...FIELDS)
    .chain(([name, values]) => fc.tuple(fc.constant(name), fc.constantFrom(...values)));
  const harmless = fc.tuple(
    token().map((name) => `X${name}`),
    fc.string({ unit: oneOf('ab ,;=/"\t'), maxLength: 30 }),
  );
  const field = fc.oneof({ weight: 1, arbitrary: known }, { weight: 4, arbitrary: harmless });
  const fields = fc.tuple(fc.array(field, { maxLength: 3 }), vital, fc.array(field, { maxLength: 3 }));
  const blank = fc.constantFrom(' ', ' ', ' ', '', '\t', '  ');
  const text = fc.tuple(line, fields, blank, blank).map(([first, [ahead, one, behind], before, after]) => {
    const all = [...ahead, ...(one ? [one] : []), ...behind];
    return [first, ...all.map(([name, value]) => `${name}:${before}${value}${after}`), '', ''].join('\r\n');
  });
  return fc
    .tuple(text, fc.option(fc.array(change(), { minLength: 1, maxLength: 3 }), { freq: 2 }), behindHead())
    .map(([whole, changes, rest]) => {
      const changed = (changes ?? []).reduce((now, one) => one(now), whole);
      return Buffer.from(changed + rest, 'latin1');
    });
}

function behindHead(): fc.Arbitrary<string> {
  return fc.constantFrom('', '', 'hello', 'GET / HTTP/1.1\r\nHost: b.test\r\n\r\n', '\r\n', '\0\xff');
}

type Change = (text: string) => string;

/** One change at a place given as a part of the length. */
function change(): fc.Arbitrary<Change> {
  const place = fc.double({ min: 0, max: 1, noNaN: true });
  const bytes = fc.constantFrom(
    ...Array.from('\r\n\t \0:,_-#\x7f\x80\xffaZ0'),
    '\r\n',
    '\r\n\r\n',
    '\r\n ',
    '\r\n\t',
    '\n\n',
    '\r\r\n',
    '\r\nX',
  );
  return fc.tuple(fc.constantFrom(...CHANGES), place, bytes).map(
    ([how, at, odd]): Change =>
      (text) =>
        how(text, Math.floor(at * text.length), odd),
  );
}

const CHANGES: readonly ((text: string, at: number, odd: string) => string)[] = [
  (text, at, odd) => text.slice(0, at) + odd + text.slice(at),
  (text, at, odd) => text.slice(0, at) + odd + text.slice(at + odd.length),
  (text, at) => text.slice(0, at) + text.slice(at + 1),
  (text, at) => text.slice(0, at),
  (text, at) => text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ 0x20) + text.slice(at + 1),
  // A line end near the place: changed, doubled, or gone.
  (text, at, odd) => atLineEnd(text, at, () => odd),
  (text, at) => atLineEnd(text, at, () => '\n'),
  (text, at) => atLineEnd(text, at, () => ''),
  // The line at the place twice, or with a blank ahead of its colon, or with `_` for `-`.
  (text, at) => atLine(text, at, (line) => line + line),
  (text, at) => atLine(text, at, (line) => line.replace(':', ' :')),
  (text, at) => atLine(text, at, (line) => line.replace('-', '_')),
  (text, at) => atLine(text, at, (line) => line.toLowerCase()),
  (text, at) => atLine(text, at, (line) => ` ${line}`),
];

function atLineEnd(text: string, at: number, instead: () => string): string {
  const end = text.indexOf('\r\n', at);
  return end === -1 ? text : text.slice(0, end) + instead() + text.slice(end + 2);
}

function atLine(text: string, at: number, change: (line: string) => string): string {
  const start = text.lastIndexOf('\r\n', at) + 2;
  const end = text.indexOf('\r\n', start) + 2;
  return start < 2 || end < 2 ? text : text.slice(0, start) + change(text.slice(start, end)) + text.slice(end);
}
