/** What is done with each case of the corpus, and what must be seen of it by the client, by the origin and in the log. */
import type { Talk } from '../clients/captured-pod.ts';
import type { AccessLine } from '../lab/agent.ts';
import type { Scripted } from '../origins/scripted-http.ts';
import type { AnswerCase, RequestCase, RequestMessage } from './cases.ts';
import {
  answerPattern,
  echoPattern,
  endOf,
  misfit,
  type Pattern,
  refusalPattern,
  requestLineOf,
  splitAnswer,
  statusPattern,
  withoutServiceTime,
} from './patterns.ts';

/** Where the requests of a case go: an origin's own bytes, or a server that reads them. */
export type Where = 'raw' | 'nginx' | 'node' | 'python';

/** What an access line must say; undefined: not compared. */
type LineFacts = {
  readonly method: string | null;
  readonly path: string | null;
  readonly status: number;
  readonly reason: string;
  readonly bytesReceived: number | undefined;
  readonly bytesSent: number | undefined;
};

export type Play = {
  readonly name: string;
  readonly where: Where;
  readonly host: string;
  readonly talk: Talk;
  /** What is wrong with all that the client got; undefined: nothing. */
  readonly misfit: (received: string) => string | undefined;
  /** The client gets a beginning of an answer, no more is certain. */
  readonly cut: boolean;
  /** How its connection may end. */
  readonly ends: readonly string[];
  readonly lines: readonly LineFacts[];
  /** What each connection to the raw origin carries, in no order; at servers, what each request was understood as. */
  readonly streams: readonly string[];
  /** What the raw origin may have seen instead: a beginning of these bytes, `whole`: or all of them. */
  readonly inPart: { readonly bytes: string; readonly whole: boolean } | undefined;
  /**
   * An origin that ends unannounced may still be sent the next request, which is then asked again elsewhere: `seen` on its
   * connection stands for `instead`.
   */
  readonly crossed: { readonly seen: string; readonly instead: string } | undefined;
  readonly parsed: readonly { readonly line: string; readonly body: string }[];
};

/** `GET /again?NAME`: the next request of the connection that a case left open, for the same origin. */
function followUps(name: string): readonly Step[] {
  const ordinary = (host: string, target: string): Step => {
    const send = `GET ${target} HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
    const content = target;
    const raw = answerPattern(`HTTP/1.1 200 OK\r\nContent-Length: ${content.length}\r\n\r\n${content}`);
    const facts = { method: 'GET', path: target, status: 200, reason: 'granted', bytesReceived: 0 };
    return { send, pattern: raw, facts: [{ ...facts, bytesSent: content.length }], closes: false };
  };
  const refused: Step = {
    send: `GET /refused?${name} HTTP/1.1\r\nHost: other.test\r\n\r\n`,
    pattern: refusalPattern(502, 'not-listed'),
    facts: [refusedFacts('GET', `/refused?${name}`, 502, 'not-listed')],
    closes: true,
  };
  return [ordinary('corpus.test', `/again?${name}`), ordinary('elsewhere.test', `/elsewhere?${name}`), refused];
}

type Step = {
  readonly send: string;
  readonly pattern: Pattern;
  readonly facts: readonly LineFacts[];
  /** The connection ends behind it. */
  readonly closes: boolean;
};

/** A request case against one place. A server that answers for itself ends the play there: what it keeps is its own. */
export function requestPlay(each: RequestCase, where: Where, host: string): Play {
  const own = each.servers.get(where);
  const steps = messagesStep(each, where);
  const relayed = each.messages.filter(({ fate }) => fate.kind === 'relayed');
  const faulty = each.messages.find(({ fate }) => fate.kind === 'refused' && fate.inPart);
  const first: Step = own === undefined ? steps : { ...steps, pattern: statusPattern(own), closes: true };
  const [again, elsewhere, refused] = followUps(each.name);
  if (!again || !elsewhere || !refused) throw new Error('a connection that is kept has three further requests');
  const echoed: Step =
    where === 'raw' ? again : { ...again, pattern: echoPattern(again.send), facts: withoutSent(again) };
  const all = first.closes ? [first] : [first, echoed, elsewhere, refused];
  const stream = relayed.map(({ bytes }) => bytes).join('') + (first.closes ? '' : again.send);
  const understood = [...relayed, ...(first.closes ? [] : [{ bytes: again.send, body: '' }])];
  return {
    ...talkOf(all, host, own !== undefined),
    name: each.name,
    cut: false,
    where,
    host,
    streams: [...(where === 'raw' && stream !== '' ? [stream] : []), ...(first.closes ? [] : [elsewhere.send])],
    inPart: faulty && { bytes: faulty.bytes, whole: false },
    crossed: undefined,
    parsed:
      where === 'raw' || (own ?? 200) !== 200
        ? []
        : understood.map(({ bytes, body }) => ({ line: requestLineOf(bytes), body })),
  };
}

function messagesStep(each: RequestCase, where: Where): Step {
  const judged = each.messages.filter(({ fate }) => fate.kind !== 'nothing');
  const patterns = judged.map((message): Pattern => {
    if (message.fate.kind === 'refused')
      return refusalPattern(message.fate.status, message.fate.reason, isHead(message));
    return where === 'raw' ? answerPattern(rawAnswer(each, message)) : echoPattern(message.bytes);
  });
  return {
    send: each.messages.map(({ bytes }) => bytes).join(''),
    pattern: patterns.flat(),
    facts: judged.map((message) => messageFacts(each, message, where)),
    closes: each.messages.some(({ fate }) => fate.kind === 'refused' || (fate.kind === 'relayed' && fate.closed)),
  };
}

function messageFacts(each: RequestCase, message: RequestMessage, where: Where): LineFacts {
  const { bytes, fate } = message;
  const [method = '', path = ''] = requestLineOf(bytes).split(' ');
  if (fate.kind === 'refused') {
    const known = fate.status >= 502 && fate.status < 505 ? true : fate.status === 403 || fate.inPart;
    return known
      ? refusedFacts(method, path, fate.status, fate.reason)
      : refusedFacts(null, null, fate.status, fate.reason);
  }
  const answer = rawAnswer(each, message);
  return {
    method,
    path,
    status: each.servers.get(where) ?? 200,
    reason: 'granted',
    bytesReceived: each.servers.has(where) ? undefined : bytes.length - (bytes.indexOf('\r\n\r\n') + 4),
    bytesSent: where === 'raw' ? answer.length - splitAnswer(answer).headBytes : undefined,
  };
}

function refusedFacts(method: string | null, path: string | null, status: number, reason: string): LineFacts {
  return { method, path, status, reason, bytesReceived: undefined, bytesSent: undefined };
}

function withoutSent({ facts }: Step): readonly LineFacts[] {
  return facts.map((each) => ({ ...each, bytesSent: undefined }));
}

/** What the raw origin answers to a relayed message of a request case. */
function rawAnswer(each: RequestCase, message: RequestMessage): string {
  if (each.answer !== undefined) return each.answer;
  const head = `HTTP/1.1 200 OK\r\nContent-Length: ${each.name.length}\r\n\r\n`;
  return isHead(message) ? head : head + each.name;
}

function isHead({ bytes }: RequestMessage): boolean {
  return bytes.startsWith('HEAD ');
}

/** An answer case against the raw origin. */
export function answerPlay(each: AnswerCase, host: string): Play {
  const { fate, request, name } = each;
  const [again, elsewhere, refused] = followUps(name);
  if (!again || !elsewhere || !refused) throw new Error('a connection that is kept has three further requests');
  const closes = fate.kind !== 'relayed' || fate.closed;
  const first = { send: request, pattern: fatePattern(each), facts: [answerFacts(each)], closes };
  const played = talkOf(closes ? [first] : [first, again, elsewhere, refused], host, false);
  const kept = closes ? [] : [elsewhere.send];
  const early = each.afterBytes < request.length;
  const streams = each.reused ? [request + again.send] : [...(early ? [] : [request]), ...(closes ? [] : [again.send])];
  return {
    ...played,
    ...(fate.kind === 'cut' && {
      misfit: (received: string) =>
        fate.bytes.startsWith(withoutServiceTime(received)) ? undefined : `more than ${fate.bytes}: ${received}`,
      ends: ['fin', 'ECONNRESET'],
    }),
    name,
    cut: fate.kind === 'cut',
    where: 'raw',
    host,
    streams: [...streams, ...kept],
    inPart: early ? { bytes: request, whole: true } : undefined,
    crossed: each.afterwards === 'ends' && !closes ? { seen: request + again.send, instead: request } : undefined,
    parsed: [],
  };
}

function fatePattern({ fate, adds, request }: AnswerCase): Pattern {
  if (fate.kind === 'relayed') return answerPattern(fate.bytes, adds);
  return fate.kind === 'refused' ? refusalPattern(fate.status, fate.reason, request.startsWith('HEAD ')) : [];
}

function answerFacts({ fate, request, afterBytes, afterwards }: AnswerCase): LineFacts {
  const [method = '', path = ''] = requestLineOf(request).split(' ');
  // How much of a body has left when an early answer comes is chance.
  const early = afterBytes < request.length;
  const bytesReceived = early ? undefined : request.length - (request.indexOf('\r\n\r\n') + 4);
  if (fate.kind === 'refused')
    return { method, path, status: fate.status, reason: fate.reason, bytesReceived, bytesSent: undefined };
  const { final, headBytes } = splitAnswer(fate.bytes);
  const status = Number(/ (\d{3})/.exec(final)?.[1]);
  if (fate.kind === 'cut') {
    const reason = afterwards === 'resets' ? 'granted' : 'bad-answer';
    return { method, path, status, reason, bytesReceived, bytesSent: undefined };
  }
  return { method, path, status, reason: 'granted', bytesReceived, bytesSent: fate.bytes.length - headBytes };
}

/** The line as the facts tell it; what the facts leave open is left open. */
export function factsOf(line: AccessLine, facts: LineFacts | undefined): Readonly<Record<keyof LineFacts, unknown>> {
  return {
    method: line['method'],
    path: line['path'],
    status: line['response_code'],
    reason: line['reason'],
    bytesReceived: facts?.bytesReceived === undefined ? undefined : line['bytes_received'],
    bytesSent: facts?.bytesSent === undefined ? undefined : line['bytes_sent'],
  };
}

/** `open`: the other side may go on waiting for us; then our end is what ends it. */
function talkOf(steps: readonly Step[], host: string, open: boolean): Pick<Play, 'talk' | 'misfit' | 'ends' | 'lines'> {
  const talk: Talk['steps'][number][] = [];
  for (const { send, pattern } of steps) talk.push({ send }, ...(steps.length > 1 ? [{ expect: endOf(pattern) }] : []));
  if (open) talk.push({ expect: '\\r\\n\\r\\n' }, { half: 'close' });
  const whole = steps.flatMap(({ pattern }) => pattern);
  return {
    talk: { host, port: 80, steps: [...talk, { until: 'end' }], limitMs: 15_000 },
    misfit: (received) => misfit(received, whole),
    ends: ['fin'],
    lines: steps.flatMap(({ facts }) => facts),
  };
}

/** The raw origin's part in all of it, by the beginning of the path. */
export function scripts(requests: readonly RequestCase[], answers: readonly AnswerCase[]): Record<string, Scripted> {
  const planned: Record<string, Scripted> = {};
  for (const each of requests) {
    for (const [at, message] of each.messages.entries()) {
      const key = each.messages.length > 1 ? `/${each.name}?${at + 1}` : `/${each.name}`;
      const { length: bytes } = message.bytes;
      planned[key] = { afterBytes: bytes, bytes, answer: rawAnswer(each, message), afterwards: 'keeps' };
    }
  }
  for (const { name, request, afterBytes, answer, afterwards } of answers) {
    planned[`/${name}`] = { afterBytes, bytes: request.length, answer, afterwards };
  }
  return planned;
}
