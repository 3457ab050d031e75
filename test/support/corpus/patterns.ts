/** What a client may get, as sources of regular expressions over latin1 text. */

const SERVICE_TIME = 'x-envoy-upstream-service-time: [0-9]+\\r\\n';

/** This answer byte for byte, with the line of the service time behind the status line of its final head. */
export function answerPattern(answer: string, adds = true): string {
  const { interim, final } = splitAnswer(answer);
  const line = final.indexOf('\r\n') + 2;
  return `${literal(interim)}${literal(final.slice(0, line))}${adds ? SERVICE_TIME : ''}${literal(final.slice(line))}`;
}

/** An answer of any server to this request: 200, and the request line as its content. */
export function echoPattern(message: string): string {
  const line = requestLineOf(message);
  const content = line.startsWith('HEAD ') ? '' : literal(`${line}\n`);
  return `(?:HTTP/1\\.1 100 Continue\\r\\n\\r\\n)?HTTP/1\\.1 200 [^\\r\\n]*\\r\\n${SERVICE_TIME}(?:[^\\r\\n]+\\r\\n)+\\r\\n${content}`;
}

/** A server's own answer with this status, whatever else it says. */
export function statusPattern(status: number): string {
  return `HTTP/1\\.[01] ${status}[^\\r\\n]*\\r\\n${SERVICE_TIME}(?:[^\\r\\n]+\\r\\n)*\\r\\n[^]*`;
}

/** Our own refusal; then the connection ends. */
export function refusalPattern(status: number, reason: string, head = false): string {
  return (
    `HTTP/1\\.1 ${status} [A-Za-z ]+\\r\\nserver: weir\\r\\ndate: [^\\r\\n]+\\r\\n` +
    'content-type: text/plain; charset=utf-8\\r\\ncontent-length: [0-9]+\\r\\n' +
    `x-weir-reason: ${reason}\\r\\nconnection: close\\r\\n\\r\\n${head ? '' : '[^\\n]+\\n'}`
  );
}

/** These bytes without the line that was put behind the first final status line. */
export function withoutServiceTime(received: string): string {
  const { interim, final } = splitAnswer(received);
  return interim + final.replace(new RegExp(`^([^\\r\\n]*\\r\\n)${SERVICE_TIME}`), '$1');
}

export function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
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
