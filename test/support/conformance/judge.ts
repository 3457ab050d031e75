import { hostOf } from '../clients/egress-world.ts';
import { run } from '../lab/run.ts';
import { waitFor } from '../lab/wait.ts';
import { keyOf } from '../origins/fixtures.ts';
import type { SeenConnection } from '../origins/record.ts';
import { type Differences, differs, lacks, misses } from './expected.ts';
import type { LabWorld, LogName } from './lab-world.ts';
import { isJson, lineOf } from './line.ts';
import type { Performed } from './perform.ts';
import { type Caller, filledPattern, ipsOf } from './places.ts';
import type { AtHop, Expected } from './schema.ts';

/** What the client was told, and whom the origins saw. */
export function judgeClient(performed: Performed, expect: Expected, caller: Caller): Differences {
  const { ended, stdout, stderr } = performed;
  const [head = '', ...rest] = stdout.split('\r\n\r\n');
  const isHttp = stdout.startsWith('HTTP/');
  const body = isHttp ? rest.join('\r\n\r\n') : stdout;
  const headers = new Headers(
    head
      .split('\r\n')
      .slice(1)
      .map((line): [string, string] => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]),
  );
  const endings: readonly (number | string)[] = expect.end ?? [expect.exit].flat();
  return [
    ...(endings.includes(ended) ? [] : differs('the end', endings, ended)),
    ...(expect.status === undefined ? [] : differs('status', expect.status, Number(head.split(' ')[1]))),
    ...Object.entries(expect.headers).flatMap(([name, value]) =>
      misses(`header ${name}`, value, headers.get(name), caller),
    ),
    ...(expect.body === undefined ? [] : misses('body', expect.body, body, caller)),
    ...(expect.body_bytes === undefined
      ? []
      : differs('bytes of the body', expect.body_bytes, Buffer.byteLength(body))),
    ...lacks('stdout', expect.stdout, stdout, caller),
    ...lacks('stderr', expect.stderr, stderr, caller),
    ...judgeOrigins(performed.seen, expect, caller),
  ];
}

/** Every connection that is expected, in order, and no other. */
function judgeOrigins(seen: readonly SeenConnection[], { reached, never }: Expected, caller: Caller): Differences {
  const known = never.filter((name) => seen.some(({ origin }) => origin === keyOf(name)));
  const told = seen.map(({ origin, peer, local }) => `${origin} at ${local} from ${peer}`);
  if (known.length > 0) return [`${known.join(', ')}: expected never, came ${told.join('; ')}`];
  if (seen.length !== reached.length) {
    return differs(
      'connections that origins saw',
      reached.map(({ origin, from }) => `${[origin].flat().join(' or ')} from ${from}`),
      told,
    );
  }
  return reached.flatMap(({ origin, from, port, sni, requests }, at) => {
    const came = seen[at];
    const names = [origin].flat();
    const who = names.join(' or ');
    if (!came) return [`${who}: expected, came nobody`];
    const asked = came.requests.map(({ method, authority, path }) => `${method} ${authority} ${path}`);
    const local = hostOf(came.peer) === hostOf(came.local); // on a loopback it is who listens there
    const peers = ipsOf(caller, from);
    return [
      ...(names.some((name) => keyOf(name) === came.origin)
        ? []
        : differs(`origin ${at + 1}`, names.map(keyOf), came.origin)),
      ...(local || peers.includes(hostOf(came.peer)) ? [] : differs(`${who}: who called`, from, came.peer)),
      ...differs(`${who}: port`, port, Number(came.local.slice(came.local.lastIndexOf(':') + 1))),
      ...differs(`${who}: server name`, sni, came.sni),
      ...(requests ? differs(`${who}: requests`, requests, asked) : []),
    ];
  });
}

/** The one new line of a log, as soon as it is there: of this client, if the client is known. */
export async function newLine(lab: LabWorld, log: LogName, since: number, client: string | undefined): Promise<string> {
  const lines = await waitFor(`a line of ${log}`, () => lab.lines(log, since).length > 0 && lab.lines(log, since), {
    limitMs: 5_000,
  });
  const [line = ''] = lines;
  if (lines.length > 1) throw new Error(`${log}: expected one line, came\n${lines.join('\n')}`);
  if (client !== undefined && !line.includes(client))
    throw new Error(`${log}: expected a line of ${client}, came\n${line}`);
  return line;
}

export async function judgeLine(path: string, text: string, expected: AtHop, caller: Caller): Promise<Differences> {
  const { verdict, matched, reason, failure = reason, keys, tail } = expected;
  const own = Object.entries(expected.line);
  if (!isJson(text) && own.length > 0) return [`expected JSON, came ${text}`];
  const line = lineOf(text);
  const pattern = expected.text === undefined ? undefined : filledPattern(expected.text, caller);
  return [
    ...own.flatMap(([key, value]) => misses(key, value, line[key], caller)),
    ...Object.entries({ verdict, reason: failure, matched }).flatMap(([key, value]) =>
      'verdict' in line ? differs(key, value, line[key]) : [],
    ),
    ...(keys ? differs('keys', keys.trim().split(/\s+/).toSorted(), Object.keys(line).toSorted()) : []),
    ...(pattern && !pattern.test(text) ? [`expected /${pattern.source}/, came ${text}`] : []),
    ...(tail === undefined ? [] : await judgeTail(path, tail, text)),
  ];
}

async function judgeTail(path: string, tail: string, line: string): Promise<Differences> {
  const { stdout } = await run(['sh', '-c', 'grep -F -- "$1" "$2" | tail -n 1', 'sh', tail, path]);
  return differs(`grep ${tail} | tail -n 1`, `${line}\n`, stdout);
}
