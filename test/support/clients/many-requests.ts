/**
 * Many requests on one connection, some of them under way at a time, run inside the namespace where it stands:
 * `node many-requests.ts HOST PORT AUTHORITY COUNT AHEAD`. Asks for /echo/0, /echo/1, … and prints a ManyTold as JSON:
 * each answer must hold the path of its own request.
 */
import { connect } from 'node:net';

export type ManyTold = {
  /** Answers in order, each for its own request. */
  readonly answered: number;
  /** The first that was another's, or nothing of ours; null: none. */
  readonly wrong: string | null;
  /** `fin`, or the error's name. */
  readonly end: string;
};

/** The head that the origin of `/echo/` writes, with the line that is put into it. */
const ANSWER = /^HTTP\/1\.1 200 OK\r\nx-envoy-upstream-service-time: \d+\r\nContent-Length: (\d+)\r\n\r\n/;

const [host = '', port = '', authority = '', count = '0', ahead = '1'] = process.argv.slice(2);
if (host !== '') process.stdout.write(`${JSON.stringify(await askMany(Number(count), Number(ahead)))}\n`);

function askMany(total: number, underWay: number): Promise<ManyTold> {
  const { promise, resolve } = Promise.withResolvers<ManyTold>();
  const socket = connect({ host, port: Number(port), noDelay: true, allowHalfOpen: true });
  let asked = 0;
  let answered = 0;
  let held = '';
  let wrong: string | null = null;
  const ask = (): void => {
    let sent = '';
    while (asked < total && asked - answered < underWay) {
      sent += `GET /echo/${asked++} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`;
    }
    if (sent !== '') socket.write(sent);
  };
  socket.on('connect', ask);
  socket.on('data', (chunk: Buffer) => {
    held += chunk.toString('latin1');
    for (let answer = ANSWER.exec(held); answer; answer = ANSWER.exec(held)) {
      const [whole, length = ''] = answer;
      const end = whole.length + Number(length);
      if (held.length < end) break;
      const body = held.slice(whole.length, end);
      if (body !== `/echo/${answered}`) wrong ??= `answer ${answered}: ${body}`;
      held = held.slice(end);
      answered++;
    }
    if (answered < total) ask();
    else socket.end();
  });
  const over = (end: string): void => resolve({ answered, wrong: wrong ?? (held === '' ? null : held), end });
  socket.on('end', () => over('fin'));
  socket.on('error', (error: NodeJS.ErrnoException) => over(error.code ?? error.message));
  return promise;
}
