import { changeCase, changeColons, changeLineEnds, insertLine, moveLines, swapWords } from './mutate-lines.ts';
import type { Mutator } from './target.ts';

// Lines and words at which readers of HTTP/1 are known to differ.

const FIELD_LINES = [
  'Host: a.test',
  'host:a.test:80',
  'Host: [2001:db8::7]:443',
  'Content-Length: 5',
  'Content-Length: 0',
  'Content-Length: 05',
  'Content-Length: 9007199254740993',
  'Content_Length: 5',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: gzip, chunked',
  'Transfer-Encoding: identity',
  'Transfer_Encoding: chunked',
  'Connection: close',
  'Connection: keep-alive, host',
  'Connection: upgrade',
  'Upgrade: websocket, h2c',
  'Expect: 100-continue',
  'TE: trailers',
  'User-Agent: x',
  'X-Request-Id: 1',
  'X-Forwarded-For: 198.18.0.1',
  'x-b3-traceid: 7',
  'X:',
  ': x',
  ' folded',
];

export const HTTP_TOKENS = [
  'GET / HTTP/1.1\r\n',
  'HTTP/1.1',
  'HTTP/1.0',
  'HTTP/1.2',
  'HTTP/2.0',
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  '\r\n',
  '\r\n\r\n',
  '\r',
  '\n',
  '\t',
  ' ',
  ':',
  '\0',
  '\x7f',
  '\x80',
  '\xff',
  '#',
  '//',
  '%2f',
  '@',
  '[',
  ']',
];

const WORDS = (
  'GET HEAD POST CONNECT OPTIONS TRACE get FROB * / // /a#b http://a.test/b https://a.test/ ' +
  'http://b.test:80 a.test:443 a.test 198.18.0.1 0x7f.1 100 101 199 200 204 205 304 600 chunked identity ' +
  'close keep-alive 0 -1 +5 5,5 18446744073709551617 content-length transfer-encoding host'
).split(' ');

export const HTTP_MUTATORS: readonly Mutator[] = [
  moveLines,
  changeLineEnds,
  changeColons,
  changeCase,
  swapWords(WORDS),
  swapWords(WORDS),
  insertLine(FIELD_LINES, '\r\n'),
  insertLine(FIELD_LINES, '\r\n'),
];
