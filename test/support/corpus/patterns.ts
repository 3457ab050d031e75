import { literally } from '../literally.ts';
/** What a client may get. Text is latin1, one character for each byte. */

/** Parts that follow each other; a RegExp is sticky and takes as much as it can. */
export type Pattern = readonly (string | RegExp)[];

const SERVICE_TIME = /x-envoy-upstream-service-time: [0-9]+\r\n/y;

/** This answer byte for byte, with the line of the service time behind the status line of its final head. */
export function answerPattern(answer: string, adds = true): Pattern {
  const { interim, final } = splitAnswer(answer);
  const line = final.indexOf('\r\n') + 2;
  return adds ? [interim + final.slice(0, line), SERVICE_TIME, final.slice(line)] : [answer];
}

/** An answer of any server to this request: 200, and the request line as its content. */
export function echoPattern(message: string): Pattern {
  const line = requestLineOf(message);
  const content = line.startsWith('HEAD ') ? '' : `${line}\n`;
  const status = /(?:HTTP\/1\.1 100 Continue\r\n\r\n)?HTTP\/1\.1 200 [^\r\n]*\r\n/y;
  return [status, SERVICE_TIME, /(?:[^\r\n]+\r\n)+/y, `\r\n${content}`];
}

/** A server's own answer with this status, whatever else it says. */
export function statusPattern(status: number): Pattern {
  return [new RegExp(`HTTP/1\\.[01] ${status}[^\\r\\n]*\\r\\n`, 'y'), SERVICE_TIME, /(?:[^\r\n]+\r\n)*\r\n[^]*/y];
}

/** Our own refusal; then the connection ends. */
export function refusalPattern(status: number, reason: string, head = false): Pattern {
  return [
    `HTTP/1.1 ${status} `,
    /[A-Za-z ]+\r\nserver: weir\r\ndate: [^\r\n]+\r\n/y,
    'content-type: text/plain; charset=utf-8\r\n',
    /content-length: [0-9]+\r\n/y,
    `x-weir-reason: ${reason}\r\nconnection: close\r\n\r\n`,
    ...(head ? [] : [/[^\n]+\n/y]),
  ];
}

/** undefined if all of it fits; else where it ends to fit, and what was expected there. */
export function misfit(received: string, pattern: Pattern): string | undefined {
  let at = 0;
  for (const part of pattern) {
    if (typeof part === 'string') {
      const equal = commonLength(received, at, part);
      if (equal < part.length) return misfitAt(at + equal, received, part.slice(equal));
      at += part.length;
      continue;
    }
    part.lastIndex = at;
    const found = part.exec(received);
    if (!found) return misfitAt(at, received, part.source);
    at += found[0].length;
  }
  return at === received.length ? undefined : misfitAt(at, received, 'the end');
}

function commonLength(received: string, at: number, part: string): number {
  if (received.startsWith(part, at)) return part.length;
  let equal = 0;
  while (received[at + equal] === part[equal]) equal++;
  return equal;
}

function misfitAt(at: number, received: string, wanted: string): string {
  return `at ${at} of ${received.length}: wanted ${shown(wanted)}, got ${shown(received.slice(at))} behind ${shown(received.slice(0, at))}`;
}

function shown(text: string): string {
  return JSON.stringify(text.length > 400 ? `${text.slice(0, 200)} … ${text.slice(-100)}` : text);
}

/** The source of a regular expression that finds the end of the pattern: enough of it to be met nowhere earlier. */
export function endOf(pattern: Pattern): string {
  let source = '';
  for (const part of pattern.toReversed()) {
    source = (typeof part === 'string' ? literally(part.slice(-64)) : part.source) + source;
    if (typeof part === 'string' && part.length >= 16) break;
  }
  return `${source}$`;
}

/** These bytes without the line that was put behind the first final status line. */
export function withoutServiceTime(received: string): string {
  const { interim, final } = splitAnswer(received);
  return interim + final.replace(/^([^\r\n]*\r\n)x-envoy-upstream-service-time: [0-9]+\r\n/, '$1');
}

/** Interim heads, and what follows them (RFC 9110 §15.2). */
export function splitAnswer(answer: string): {
  readonly interim: string;
  readonly final: string;
  readonly headBytes: number;
} {
  const interim = /^(?:HTTP\/1\.[01] 1(?!01)[0-9]{2}[^]*?\r\n\r\n)*/.exec(answer)?.[0] ?? '';
  const final = answer.slice(interim.length);
  const end = final.indexOf('\r\n\r\n');
  return { interim, final, headBytes: end === -1 ? answer.length : interim.length + end + 4 };
}

export function requestLineOf(message: string): string {
  return message.slice(0, message.indexOf('\r\n'));
}
