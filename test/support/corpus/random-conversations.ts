import * as fc from 'fast-check';
import { answer, bodyBytes, echo, request } from '../clients/gate-world.ts';
import type { Step } from '../clients/talk.ts';
import { ANSWERS } from '../origins/raw-http.ts';
import { endOf, type Pattern, refusalPattern } from './patterns.ts';

/** Requests of one client on one connection to one.test and two.test (gate-world.ts), and what must come of them. */
export type Conversation = {
  readonly steps: readonly Step[];
  readonly pattern: Pattern;
  /** METHOD AUTHORITY PATH STATUS REASON RECEIVED SENT AGENT of each access line. */
  readonly lines: readonly string[];
  /** METHOD HOST PATH of each request that leaves. */
  readonly asked: readonly string[];
};

type Turn = {
  readonly bytes: string;
  readonly pattern: Pattern;
  readonly line: string;
  readonly asked: string | undefined;
  readonly ends: boolean;
};

/** The same seed gives the same ones. Many requests are like the one before, as real clients' are. */
export function randomConversations(count: number, seed: number): readonly Conversation[] {
  return fc.sample(conversation(), { numRuns: count, seed });
}

const conversation = (): fc.Arbitrary<Conversation> =>
  fc
    .record({
      turns: fc.array(fc.oneof({ weight: 12, arbitrary: relayed() }, { weight: 1, arbitrary: refused() }), {
        minLength: 1,
        maxLength: 12,
      }),
      repeats: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 12, maxLength: 12 }),
      together: fc.array(fc.boolean(), { minLength: 60, maxLength: 60 }),
      pieces: fc.constantFrom(undefined, undefined, undefined, 1, 7, 60),
    })
    .map(({ turns, repeats, together, pieces }) => {
      const all = turns.flatMap((turn, at) => Array.from({ length: repeats[at] ?? 1 }, () => turn));
      const last = all.findIndex(({ ends }) => ends);
      const heard = last === -1 ? all : all.slice(0, last + 1);
      const steps = stepsOf(heard, together, pieces);
      return {
        steps: [...steps, ...(last === -1 ? [{ half: 'close' as const }] : []), { until: 'end' as const }],
        pattern: heard.flatMap(({ pattern }) => pattern),
        lines: heard.map(({ line }) => line),
        asked: heard.flatMap(({ asked }) => asked ?? []),
      };
    });

/** `together`: whether the next request is sent before the answer to this one is there. */
function stepsOf(turns: readonly Turn[], together: readonly boolean[], pieces: number | undefined): readonly Step[] {
  const steps: Step[] = [];
  let sent = '';
  for (const [at, { bytes, pattern, ends }] of turns.entries()) {
    sent += bytes;
    if (together[at] && at + 1 < turns.length) continue;
    steps.push({ send: sent, ...(pieces && sent.length < 2_000 && { pieces }) });
    // Answers that are alike cannot be told apart by what they end with: how many there are is told by all that came.
    if (!ends) steps.push({ expect: `^.{${shortest(turns.slice(0, at + 1))},}${endOf(pattern)}` });
    sent = '';
  }
  return steps;
}

/** Bytes of these answers' literal parts but for the last one's, which the end of the pattern holds itself. */
function shortest(turns: readonly Turn[]): number {
  const before = turns.slice(0, -1).flatMap(({ pattern }) => pattern);
  return before.reduce((sum, part) => sum + (typeof part === 'string' ? part.length : 0), 0);
}

const HOSTS = ['one.test', 'one.test', 'ONE.Test', 'one.test:80', 'one.test.', 'two.test', 'two.test'];
const PATHS = ['/length', '/chunked', '/204', '/304', '/hints', '/interim', '/echo/a', '/echo/b?c=d', '/echo/%2e%2e/x'];
const FIELDS = [
  'Accept: */*',
  'Cookie: a=b; c="d"',
  'x-empty:',
  'X-Tab:\ta\t',
  'Connection: keep-alive',
  'X-Long: '.padEnd(900, 'y'),
];

const relayed = (): fc.Arbitrary<Turn> =>
  fc
    .record({
      method: fc.constantFrom('GET', 'GET', 'GET', 'POST', 'PUT', 'DELETE', 'OPTIONS'),
      host: fc.constantFrom(...HOSTS),
      path: fc.constantFrom(...PATHS),
      fields: fc.subarray(FIELDS),
      agent: fc.constantFrom(undefined, 'curl/7.88.1', 'a "quoted" agent'),
      body: fc.oneof(fc.constant(undefined), fc.string({ unit: 'binary-ascii', maxLength: 300 })),
      chunked: fc.boolean(),
      closes: fc.constantFrom(...Array.from({ length: 20 }, (_, at) => at === 0)),
    })
    .map(({ method, host, path, fields, agent, body, chunked, closes }) => {
      const { framing, bytes } = framed(method === 'GET' ? undefined : body, chunked);
      const named = agent === undefined ? [] : [`User-Agent: ${agent}`];
      const head = request(
        method,
        host,
        path,
        ...fields,
        ...named,
        ...framing,
        ...(closes ? ['Connection: close'] : []),
      );
      const echoed = path.startsWith('/echo/');
      const sent = echoed ? path.length : bodyBytes(path);
      const status = /^HTTP\/1\.1 ([2-5]\d\d)/m.exec(echoed ? 'HTTP/1.1 200' : (ANSWERS[path] ?? ''))?.[1] ?? '';
      return {
        bytes: head + bytes,
        pattern: echoed ? echo(path) : answer(path),
        line: [method, host, path, status, 'granted', bytes.length, sent, agent ?? null].join(' '),
        asked: `${method} ${host} ${path}`,
        ends: closes,
      };
    });

function framed(
  body: string | undefined,
  chunked: boolean,
): { readonly framing: readonly string[]; readonly bytes: string } {
  if (body === undefined) return { framing: [], bytes: '' };
  if (!chunked) return { framing: [`Content-Length: ${body.length}`], bytes: body };
  const chunk = body === '' ? '' : `${body.length.toString(16)};x=y\r\n${body}\r\n`;
  return { framing: ['Transfer-Encoding: chunked'], bytes: `${chunk}0\r\nX-T: 1\r\n\r\n` };
}

/** Each ends its connection, and nothing of it leaves. */
const refused = (): fc.Arbitrary<Turn> =>
  fc.constantFrom(
    refusal(request('GET', 'other.test', '/echo/a'), 502, 'not-listed', 'GET other.test /echo/a'),
    refusal(request('GET', 'one.test:8081', '/echo/a'), 502, 'not-listed', 'GET one.test:8081 /echo/a'),
    refusal(request('GET', 'one.test', '/echo/a', 'Host: two.test'), 400, 'bad-request', '  '),
    refusal(request('GET', 'one.test', '/echo/a', 'X : y'), 400, 'bad-request', '  '),
    refusal(request('GET', 'one.test', '/echo/a', 'Upgrade: h2c'), 403, 'upgrade', 'GET one.test /echo/a'),
  );

function refusal(bytes: string, status: number, reason: string, named: string): Turn {
  return {
    bytes,
    pattern: refusalPattern(status, reason),
    line: `${named} ${status} ${reason} 0 own `,
    asked: undefined,
    ends: true,
  };
}
