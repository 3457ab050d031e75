import { readFileSync, writeSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';

/** One line of the origins' record file. `id` names the connection; every line is written before its effect is sent. */
export type Entry =
  | {
      readonly event: 'connected';
      readonly id: string;
      readonly origin: string;
      readonly peer: string;
      readonly local: string;
      readonly at: number;
    }
  /** The first bytes as they came, latin1, at most FIRST_BYTES of them. */
  | { readonly event: 'first'; readonly id: string; readonly bytes: string }
  | { readonly event: 'tls'; readonly id: string; readonly sni: string | undefined; readonly alpn: string | undefined }
  | { readonly event: 'request'; readonly id: string; readonly request: SeenRequest }
  | {
      readonly event: 'ended';
      readonly id: string;
      readonly how: TcpEnd;
      readonly received: number;
      readonly sent: number;
    };

export type SeenRequest = {
  readonly method: string;
  readonly path: string;
  readonly authority: string;
  readonly version: string;
  readonly headers: IncomingHttpHeaders;
};

/** What one connection showed to an origin. Addresses are `ip:port`, IPv6 in brackets. */
export type SeenConnection = {
  readonly origin: string;
  readonly peer: string;
  readonly local: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  firstBytes: string;
  tls: boolean;
  sni: string | undefined;
  alpn: string | undefined;
  readonly requests: SeenRequest[];
  end: 'open' | TcpEnd;
  /** Bytes of TCP payload; both are told at the end. */
  received: number;
  sent: number;
};

/**
 * `fin`: in order. `reset`: cut without a FIN of the client. `fin-then-reset`: the client had ended, and would not take
 * what we still said (TLS: our close_notify).
 */
export type TcpEnd = 'fin' | 'reset' | 'fin-then-reset';

export const FIRST_BYTES = 512;

export function writeEntry(file: number, entry: Entry): void {
  writeSync(file, `${JSON.stringify(entry)}\n`);
}

/** Folds the lines of a record file; a torn last line is left for the next reading. */
export function readConnections(path: string): SeenConnection[] {
  const seen = new Map<string, SeenConnection>();
  for (const entry of readEntries(path)) {
    if (entry.event === 'connected') seen.set(entry.id, opened(entry));
    else note(seen.get(entry.id), entry);
  }
  return [...seen.values()];
}

function readEntries(path: string): Entry[] {
  const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as Entry); // written by writeEntry alone
}

function opened({ origin, peer, local, at }: Extract<Entry, { event: 'connected' }>): SeenConnection {
  const untold = { firstBytes: '', tls: false, sni: undefined, alpn: undefined, received: 0, sent: 0 };
  return { origin, peer, local, at, requests: [], ...untold, end: 'open' };
}

/** A connection from before the file was emptied is unknown and stays so. */
function note(connection: SeenConnection | undefined, entry: Exclude<Entry, { event: 'connected' }>): void {
  if (!connection) return;
  switch (entry.event) {
    case 'first':
      connection.firstBytes = entry.bytes;
      return;
    case 'tls':
      connection.tls = true;
      connection.sni = entry.sni;
      connection.alpn = entry.alpn;
      return;
    case 'request':
      connection.requests.push(entry.request);
      return;
    case 'ended':
      connection.end = entry.how;
      connection.received = entry.received;
      connection.sent = entry.sent;
  }
}
