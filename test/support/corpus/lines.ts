import type { AccessLine } from '../lab/agent.ts';
import type { LineFacts, Play } from './plays.ts';

/**
 * Which access lines are those of which play, in the order of `plays`. Not by the client's port: REDIRECT takes another
 * one where the port of an ended connection to a second address still stands in conntrack. Lines of one connection come
 * in order; the first is recognised by its path, or, where a bad request has none, by all that is known of it.
 */
export function linesOf(plays: readonly Play[], lines: readonly AccessLine[]): readonly (readonly AccessLine[])[] {
  const found = new Map<Play, AccessLine[]>();
  const connections = Map.groupBy(lines, (line) => `${String(line['downstream_remote_address'])} ${endpointOf(line)}`);
  for (const connection of connections.values()) {
    let current: Play | undefined;
    for (const line of connection) {
      const had = current && found.get(current);
      if (!current || !had || had.length >= current.lines.length) current = playOf(line, plays, found);
      if (current) found.set(current, [...(found.get(current) ?? []), line]);
    }
  }
  return plays.map((play) => found.get(play) ?? []);
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

function playOf(line: AccessLine, plays: readonly Play[], found: ReadonlyMap<Play, unknown>): Play | undefined {
  const free = plays.filter((play) => !found.has(play) && endpointOf(line) === `${bracketed(play.host)}:80`);
  const samePath = free.filter(({ lines: [first] }) => first?.path === line['path']);
  return samePath.find(({ lines: [first] }) => same(factsOf(line, first), first)) ?? samePath[0];
}

function same(a: Readonly<Record<string, unknown>>, b: Readonly<Record<string, unknown>> | undefined): boolean {
  return b !== undefined && Object.keys(a).every((key) => a[key] === b[key]);
}

function endpointOf(line: AccessLine): string {
  return String(line['downstream_local_address']);
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
