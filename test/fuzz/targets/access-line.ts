import assert from 'node:assert/strict';
import { ACCESS_LOG_FORMATS } from '../../../agent/config/common-config.ts';
import { cut, MAX_PATH_UNITS, MAX_VALUE_UNITS } from '../../../agent/log/field.ts';
import { formatLine, lineFormatter } from '../../../agent/log/format.ts';
import type { AccessRecord } from '../../../agent/log/record.ts';
import { accessRecord } from '../../support/access-record.ts';
import { changeCase, swapWords } from '../harness/mutate-lines.ts';
import { sizeOf } from '../harness/prefixes.ts';
import { texts } from '../harness/seeds.ts';
import type { Target } from '../harness/target.ts';

/** Fields that the wire fills, and the key of the JSON line that shows them. */
const TEXTS = {
  method: 'method',
  path: 'path',
  protocol: 'protocol',
  requestedServerName: 'requested_server_name',
  authority: 'authority',
  userAgent: 'user_agent',
  requestId: 'request_id',
  xForwardedFor: 'x_forwarded_for',
  traceId: 'trace_id',
  upstreamCluster: 'upstream_cluster',
  upstreamTransportFailureReason: 'upstream_transport_failure_reason',
  routeName: 'route_name',
} as const satisfies Partial<Record<keyof AccessRecord, string>>;
const NAMES = Object.keys(TEXTS) as readonly (keyof typeof TEXTS)[]; // TEXTS has no other keys
/** Bounds of what the longest line can be: each unit is at most 6 characters. */
const LINE_CAP = 6 * (MAX_PATH_UNITS + 20 * MAX_VALUE_UNITS) + 4096;

export const accessLine: Target = {
  name: 'access-line',
  invariant:
    'Whatever the wire put into a record, each format makes one bounded line of it without control characters; JSON ' +
    'gives the values back, text keeps its number of fields, and the quick formatter writes the same.',
  seeds: () =>
    texts(
      'GET\n/a?b=c\nHTTP/1.1\n\naliyun.com\ncurl/7.88\n1-2-3',
      'G"E\\T\n/ " 200 - x\n\t\n\u0085\n\x7f\n{"a":1}',
      `${'x'.repeat(1023)}\xf0\x9f\x98\x80`,
      'a\xe2\x80\xa8b\nc\xe2\x80\xa9d\n\xed\xa0\x80\n\xc2\x85',
    ),
  mutators: [
    changeCase,
    swapWords([
      '"',
      '\\',
      '\\u0041',
      '-',
      '',
      '${jndi}',
      '%s',
      '\x1b[2J',
      'x'.repeat(1024),
      '\xf0\x9f\x98\x80'.repeat(300),
    ]),
  ],
  tokens: [
    '\n',
    '\r',
    '"',
    '\\',
    '\0',
    '\x7f',
    '\xc2\x85',
    '\xe2\x80\xa8',
    '\xe2\x80\xa9',
    '\xf0\x9f\x98\x80',
    ' ',
    '\t',
    '\ud800',
    'x'.repeat(1000),
  ],
  check(input) {
    const record = recordOf(input);
    const shown: string[] = [];
    for (const format of ACCESS_LOG_FORMATS) {
      const line = formatLine(record, format);
      assert.match(line, /^[^\p{Cc}\u2028\u2029]+\n$/u, format);
      assert.ok(line.isWellFormed() && line.length < LINE_CAP);
      assert.equal(lineFormatter(accessRecord({ ...record, ...EXCHANGE }), format)(record), line, `${format}, quickly`);
      if (format === 'json' || format === 'asm') assertGivenBack(line, record);
      else assert.equal(fieldsOf(line), fieldsOf(formatLine(accessRecord(), format)), `fields of ${format}`);
      shown.push(
        `${format} ${sizeOf(line.length)}`,
        `${format} ${/\\[^u]/.test(line)} ${/\\u/.test(line)} ${/\P{ASCII}/u.test(line)}`,
      );
    }
    return shown;
  },
};

/** What the quick formatter must take from the exchange, not from the record of the connection. */
const EXCHANGE = {
  startTime: 1,
  duration: 2,
  method: 'X',
  path: 'X',
  responseCode: 3,
  userAgent: 'X',
  requestId: 'X',
  xForwardedFor: 'X',
  traceId: 'X',
};

/** Values between line feeds, in UTF-8; behind a first byte 1 in UTF-16, lone surrogates and all. What is missing stays. */
function recordOf(input: Uint8Array): AccessRecord {
  const values = Buffer.from(input)
    .toString(input[0] === 1 ? 'utf16le' : 'utf8')
    .split(input[0] === 1 ? '\u0a0a' : '\n');
  const given = NAMES.map((name, at) => [name, values[at] === '' ? null : (values[at] ?? accessRecord()[name])]);
  return accessRecord({ ...Object.fromEntries(given), startTime: input.length * 1e11, duration: input.length - 8 });
}

function assertGivenBack(line: string, record: AccessRecord): void {
  const parsed: unknown = JSON.parse(line);
  assert.ok(typeof parsed === 'object' && parsed !== null);
  const values = new Map(Object.entries(parsed));
  for (const name of NAMES) {
    const value = record[name];
    const limit = name === 'path' ? MAX_PATH_UNITS : MAX_VALUE_UNITS;
    assert.equal(values.get(TEXTS[name]), value === null ? null : cut(value, limit), name);
  }
}

/** Fields between blanks; what is quoted may hold blanks, and no quote but an escaped one. */
function fieldsOf(line: string): number {
  return [...line.matchAll(/"(?:[^"\\]|\\.)*"|[^ "]+/g)].length;
}
