import * as fc from 'fast-check';
import { type Framing, targetText, toldAnswer } from '../origins/told-http.ts';
import type { Step } from './talk.ts';

/** What one connection says to told-http.ts, and how many access lines it is worth. */
export type ArbitraryTalk = { readonly steps: readonly Step[]; readonly lines: number };

export type Hosts = { readonly listed: readonly string[]; readonly refused: readonly string[] };

/** Requests of all kinds on one connection, in groups that are sent at once, up to the first that ends it. */
export function arbitraryTalk(hosts: Hosts): fc.Arbitrary<ArbitraryTalk> {
  const group = fc.array(message(hosts), { minLength: 1, maxLength: 4 });
  const sent = fc.record({ group, pieces: fc.option(fc.integer({ min: 1, max: 400 }), { nil: undefined }) });
  return fc
    .record({ tag: fc.stringMatching(/^[a-z]{6}$/), groups: fc.array(sent, { minLength: 1, maxLength: 4 }) })
    .map(({ tag, groups }) => talkOf(tag, groups));
}

type Sent = { readonly group: readonly Message[]; readonly pieces: number | undefined };

function talkOf(tag: string, groups: readonly Sent[]): ArbitraryTalk {
  const steps: Step[] = [];
  let lines = 0;
  for (const [at, { group, pieces }] of groups.entries()) {
    const written = group.map((each, index) => write(each, `${tag}${at}${index}`));
    const last = written.findIndex(({ ends }) => ends);
    const text = written.map((each) => each.text).join('');
    lines += last === -1 ? written.length : last + 1;
    steps.push(
      pieces === undefined ? { send: text } : { send: text, pieces: Math.max(pieces, Math.ceil(text.length / 40)) },
    );
    if (last !== -1) return { steps: [...steps, { until: 'end' }], lines };
    steps.push({ expect: written.at(-1)?.answerEnds ?? '' });
  }
  return { steps: [...steps, { half: 'close' }, { until: 'end' }], lines };
}

type Message = {
  readonly method: string;
  readonly host: { readonly name: string; readonly refused: boolean };
  readonly fields: readonly string[];
  readonly body: { readonly kind: 'none' | 'length' | 'chunked'; readonly bytes: number };
  readonly absolute: boolean;
  readonly answer: {
    readonly status: number;
    readonly framing: Framing;
    readonly bytes: number;
    readonly delayMs: number;
  };
};

function message({ listed, refused }: Hosts): fc.Arbitrary<Message> {
  const host = fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom(...listed).map((name) => ({ name, refused: false })) },
    { weight: 1, arbitrary: fc.constantFrom(...refused).map((name) => ({ name, refused: true })) },
  );
  const body = fc.oneof(
    { weight: 3, arbitrary: fc.constant({ kind: 'none', bytes: 0 } as const) },
    { weight: 2, arbitrary: bytes.map((count) => ({ kind: 'length', bytes: count }) as const) },
    { weight: 1, arbitrary: bytes.map((count) => ({ kind: 'chunked', bytes: count }) as const) },
  );
  return fc.record({
    method: fc.constantFrom('GET', 'GET', 'GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH'),
    host,
    fields: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, fc.subarray(FIELDS)),
    body,
    absolute: fc.integer({ min: 0, max: 9 }).map((at) => at === 0),
    answer: fc.oneof(
      { weight: 6, arbitrary: answer(fc.constantFrom(200, 404, 500), fc.constant('length' as const)) },
      { weight: 2, arbitrary: answer(fc.constantFrom(200, 404), fc.constant('chunked' as const)) },
      { weight: 1, arbitrary: answer(fc.constant(200), fc.constantFrom('close' as const, 'keeps-not' as const)) },
      { weight: 1, arbitrary: answer(fc.constantFrom(204, 304), fc.constant('none' as const)) },
    ),
  });
}

const bytes = fc.oneof({ weight: 6, arbitrary: fc.integer({ min: 1, max: 300 }) }, fc.integer({ min: 1, max: 40_000 }));
const FIELDS = [
  'X-Ordinary: a value',
  'connection: Keep-Alive',
  'X-Tab:\ta\t',
  'TE: trailers',
  'x_under: score',
  'Expect: 100-continue',
  'Connection: close',
];

function answer(status: fc.Arbitrary<number>, framing: fc.Arbitrary<Framing>): fc.Arbitrary<Message['answer']> {
  return fc.record({ status, framing, bytes, delayMs: fc.constantFrom(0, 0, 0, 1, 5) });
}

/** `answerEnds`: a pattern for the end of all that was received once its answer is whole. */
function write(each: Message, id: string): { text: string; ends: boolean; answerEnds: string } {
  const { method, host, fields, body, absolute } = each;
  const target = { ...each.answer, id };
  const at = `${absolute ? `http://${host.name}` : ''}${targetText(target)}`;
  const content = 'b'.repeat(body.bytes);
  const framing = {
    none: { field: [], text: '' },
    length: { field: [`Content-Length: ${body.bytes}`], text: content },
    chunked: {
      field: ['Transfer-Encoding: chunked'],
      text: `${body.bytes.toString(16)};x=y\r\n${content}\r\n0\r\n\r\n`,
    },
  }[body.kind];
  const head = [`${method} ${at} HTTP/1.1`, `Host: ${host.name}`, ...fields, ...framing.field, '', ''].join('\r\n');
  const { text, ends } = toldAnswer(method, target);
  return {
    text: head + framing.text,
    ends: host.refused || ends || fields.includes('Connection: close'),
    answerEnds: `X-Id: ${id}\r\n${text.includes(';') ? `.*${text.slice(text.indexOf(';'))}` : '(.*\r\n)?\r\n'}$`,
  };
}
