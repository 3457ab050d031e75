/** The HTTP corpus (test/fixtures/http-corpus, README.md there) as values; every field is checked while it is read. */
import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readYaml } from '../../../agent/sources/read-yaml.ts';
import { bytesOf } from './notation.ts';

/** Bytes, one character each (latin1). */
type Bytes = string;

/** What becomes of one request. */
type RequestFate =
  /** The origin gets these bytes, the client its answer. `closed`: then the connection ends. */
  | { readonly kind: 'relayed'; readonly closed: boolean }
  /** Our answer, then the end. `inPart`: a fault in the body, so that the origin may have seen a proper beginning. */
  | { readonly kind: 'refused'; readonly status: number; readonly reason: string; readonly inPart: boolean }
  /** Behind a refusal or an end: not looked at. */
  | { readonly kind: 'nothing' };

export type RequestMessage = {
  readonly bytes: Bytes;
  /** Of a relayed request, without its framing: what a server hands to its application. */
  readonly body: Bytes;
  readonly fate: RequestFate;
};

export type RequestCase = {
  readonly name: string;
  readonly origin: string;
  readonly messages: readonly RequestMessage[];
  /** What the raw origin answers to each relayed message; undefined: 200 with the case's name. */
  readonly answer: Bytes | undefined;
  /** Servers that do not take the request, or end the connection behind it: the status of their answer. */
  readonly servers: ReadonlyMap<string, number>;
};

/** What becomes of an answer. */
type AnswerFate =
  /** The client gets `bytes`, the added line apart. `closed`: then its connection ends. */
  | { readonly kind: 'relayed'; readonly bytes: Bytes; readonly closed: boolean }
  /** Nothing of it; our own 502 or 503, then the end. */
  | { readonly kind: 'refused'; readonly status: number; readonly reason: string }
  /** At most `bytes`, which are no complete answer; then the connection is cut. */
  | { readonly kind: 'cut'; readonly bytes: Bytes };

export type AnswerCase = {
  readonly name: string;
  readonly origin: string;
  /** What asks for it; the path names the case. */
  readonly request: Bytes;
  /** Bytes of the request that the origin waits for before it answers. */
  readonly afterBytes: number;
  readonly answer: Bytes;
  /** What the origin does behind its answer. */
  readonly afterwards: 'keeps' | 'ends' | 'resets';
  readonly fate: AnswerFate;
  /** The line of the service time is put into the final answer. */
  readonly adds: boolean;
  /** The connection to the origin is used for the next request. */
  readonly reused: boolean;
};

const FOLDER = fileURLToPath(new URL('../../fixtures/http-corpus/', import.meta.url));

export function requestCases(): readonly RequestCase[] {
  return named(entries('requests-*.yaml').map(requestCase));
}

export function answerCases(): readonly AnswerCase[] {
  return named(entries('answers-*.yaml').map(answerCase));
}

function requestCase(entry: Entry): RequestCase {
  const sent = listOf(entry.take('send'));
  const expected = listOf(entry.take('expect'));
  if (sent.length !== expected.length)
    throw new Error(`${entry.name}: ${sent.length} messages, ${expected.length} fates`);
  const body = entry.text('body');
  const bodies = listOf(entry.take('bodies') ?? []);
  const messages = sent.map((text, at) => {
    const bytes = bytesOf(text);
    const given = body ?? bodies[at];
    return {
      bytes,
      body: given === undefined ? behindHead(bytes) : bytesOf(given),
      fate: requestFate(expected[at] ?? ''),
    };
  });
  const answer = entry.text('answer');
  const servers = Object.entries(recordOf(entry.take('servers') ?? {})).map(
    ([server, status]) => [server, Number(status)] as const,
  );
  entry.nothingLeft();
  return {
    name: entry.name,
    origin: entry.origin,
    messages,
    answer: answer === undefined ? undefined : bytesOf(answer),
    servers: new Map(servers),
  };
}

function requestFate(text: string): RequestFate {
  if (text === 'nothing') return { kind: text };
  if (text === 'relayed' || text === 'relayed, closed') return { kind: 'relayed', closed: text.endsWith('closed') };
  const [, status, reason = '', inPart] = /^(\d{3}) ([a-z-]+)(, in part)?$/.exec(text) ?? [];
  if (status === undefined) throw new Error(`no fate of a request: ${text}`);
  return { kind: 'refused', status: Number(status), reason, inPart: inPart !== undefined };
}

function answerCase(entry: Entry): AnswerCase {
  const request = bytesOf(entry.text('request') ?? `GET /${entry.name} HTTP/1.1\\r\\nHost: corpus.test\\r\\n\\r\\n`);
  const answer = bytesOf(entry.text('answer') ?? '');
  const passes = entry.text('passes');
  const afterwards = entry.text('then') ?? 'keeps';
  if (afterwards !== 'keeps' && afterwards !== 'ends' && afterwards !== 'resets')
    throw new Error(`${entry.name}: then ${afterwards}`);
  const fate = answerFate(entry.text('expect') ?? '', passes === undefined ? answer : bytesOf(passes));
  const reused = entry.take('reused') !== 'no';
  const adds = entry.take('adds') !== 'nothing';
  const afterBytes = entry.take('after') === 'head' ? request.indexOf(HEAD_END) + HEAD_END.length : request.length;
  entry.nothingLeft();
  return {
    name: entry.name,
    origin: entry.origin,
    request,
    afterBytes,
    answer,
    afterwards,
    fate,
    adds,
    reused: reused && afterwards === 'keeps' && fate.kind === 'relayed' && !fate.closed,
  };
}

function answerFate(text: string, bytes: Bytes): AnswerFate {
  if (text === 'relayed' || text === 'relayed, closed')
    return { kind: 'relayed', bytes, closed: text.endsWith('closed') };
  if (text === 'cut') return { kind: 'cut', bytes };
  const [, status, reason = ''] = /^(50[23]) ([a-z-]+)$/.exec(text) ?? [];
  if (status === undefined) throw new Error(`no fate of an answer: ${text}`);
  return { kind: 'refused', status: Number(status), reason };
}

const HEAD_END = '\r\n\r\n';

function behindHead(bytes: Bytes): Bytes {
  const end = bytes.indexOf(HEAD_END);
  return end === -1 ? '' : bytes.slice(end + HEAD_END.length);
}

type Entry = {
  readonly name: string;
  readonly origin: string;
  readonly take: (key: string) => unknown;
  readonly text: (key: string) => string | undefined;
  readonly nothingLeft: () => void;
};

function entries(pattern: string): readonly Entry[] {
  return globSync(pattern, { cwd: FOLDER })
    .sort()
    .flatMap((file) => {
      const reading = readYaml(readFileSync(`${FOLDER}${file}`, 'utf8'));
      if (!reading.ok) throw new Error(`${file}:${reading.line + 1}: ${reading.message}`);
      if (!Array.isArray(reading.value)) throw new Error(`${file}: no list`);
      return reading.value.map((value: unknown) => entryOf(recordOf(value)));
    });
}

function entryOf(fields: Readonly<Record<string, unknown>>): Entry {
  const left = new Map(Object.entries(fields));
  const take = (key: string): unknown => {
    const value = left.get(key);
    left.delete(key);
    return value;
  };
  const text = (key: string): string | undefined => {
    const value = take(key);
    return value === undefined ? undefined : scalar(value);
  };
  const name = text('name') ?? '';
  const origin = text('origin') ?? '';
  if (!/^[a-z0-9-]+$/.test(name) || origin === '')
    throw new Error(`a case without name or origin: ${JSON.stringify(fields)}`);
  const nothingLeft = () => {
    if (left.size > 0) throw new Error(`${name}: unknown ${[...left.keys()].join(', ')}`);
  };
  return { name, origin, take, text, nothingLeft };
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) throw new Error(`no mapping: ${JSON.stringify(value)}`);
  return { ...value };
}

function listOf(value: unknown): readonly string[] {
  return (Array.isArray(value) ? value : [value]).map(scalar);
}

/** A literal block ends with a line end of the file. */
function scalar(value: unknown): string {
  if (typeof value !== 'string' && typeof value !== 'number') throw new Error(`no text: ${JSON.stringify(value)}`);
  return `${value}`.replace(/\n$/, '');
}

/** A name stands in paths and records, and must not stand for two. */
function named<T extends { readonly name: string }>(cases: readonly T[]): readonly T[] {
  const twice = cases.find(({ name }, at) => cases.findIndex((other) => other.name === name) !== at);
  if (twice) throw new Error(`two cases are called ${twice.name}`);
  return cases;
}
