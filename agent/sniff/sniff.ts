import type { Evidence } from '../model/evidence.ts';
import { parseRequestHead, type RequestHead, type RequestProgress } from '../wire/http1-request.ts';
import { type BadRequest } from '../wire/http1-request-line.ts';
import { matchPreface } from '../wire/http2-preface.ts';
import { parseClientHello } from '../wire/tls.ts';

export type Sniffed =
  | {
      readonly kind: 'evidence';
      readonly evidence: Evidence;
      /** The parsed head, if the evidence is `http`. */
      readonly http: RequestHead | undefined;
    }
  /** `resume`: give it to the next call for the same flow, so that a head in tiny segments costs linear time. */
  | { readonly kind: 'more'; readonly resume: RequestProgress | undefined }
  /** HTTP that nobody may be sent: answer with this status and close. Never relayed, whatever policy says. */
  | { readonly kind: 'bad-request'; readonly status: BadRequest['status']; readonly why: string };

/**
 * What the first bytes of a flow show. `bytes`: all that is held, from the first one. `ended`: nothing more will be
 * looked at (the client's FIN, the cap on held bytes, a deadline), so an answer is due: never `more`.
 *
 * What is TLS but cannot be read (malformed, cut short, SSL 2.0) is `tls` without a name, not `opaque`: it keeps what is
 * known, rules for TLS apply to it, those for names never admit it, and a server that reads it more kindly gains nothing.
 * A request cut short is a bad request once it can only be HTTP. Both kinds hold less than the whole message would:
 * invariant 2 (less knowledge never admits more) then holds by decide.
 *
 * Contract: total; never throws; bounded by the caps of the parsers; once settled, bytes behind never change it.
 */
export function sniff(bytes: Uint8Array, ended: boolean, resume?: RequestProgress): Sniffed {
  if (bytes.length === 0) return ended ? found({ kind: 'silent' }) : { kind: 'more', resume: undefined };
  const hello = parseClientHello(bytes);
  if (hello.kind === 'not-tls') return sniffHttp(bytes, ended, resume);
  if (hello.kind === 'hello') {
    const { serverName, alpn } = hello;
    return found(hello.ech ? { kind: 'tls-ech', outerName: serverName, alpn } : { kind: 'tls', serverName, alpn });
  }
  if (hello.kind === 'more') {
    if (!ended) return { kind: 'more', resume: undefined };
    return found(isTls(bytes) ? NAMELESS_TLS : { kind: 'opaque' });
  }
  return found(NAMELESS_TLS);
}

/** The same behind a request, where only another can come: whatever is none is a bad one. */
export function sniffRequest(bytes: Uint8Array, ended: boolean, resume?: RequestProgress): Sniffed {
  const seen = bytes.length === 0 ? sniff(bytes, ended) : sniffHttp(bytes, ended, resume);
  const other = seen.kind === 'evidence' && seen.http === undefined && bytes.length > 0;
  return other ? { kind: 'bad-request', status: 400, why: 'no request where only one can follow' } : seen;
}

function sniffHttp(bytes: Uint8Array, ended: boolean, resume: RequestProgress | undefined): Sniffed {
  const preface = matchPreface(bytes);
  if (preface === 'preface') return found({ kind: 'http2' });
  if (preface === 'more' && !ended) return { kind: 'more', resume: undefined };
  const request = parseRequestHead(bytes, resume);
  if (request.kind === 'head') {
    const { method, authority, path, headers } = request;
    const evidence: Evidence = { kind: 'http', request: { method, authority, target: path, headers } };
    return { kind: 'evidence', evidence, http: request };
  }
  if (request.kind === 'bad') return { kind: 'bad-request', status: request.status, why: request.why };
  if (request.kind === 'not-http') return found({ kind: 'opaque' });
  if (!ended) return { kind: 'more', resume: request.resume };
  if (request.certain) return { kind: 'bad-request', status: 400, why: 'a request head that is cut short' };
  return found({ kind: 'opaque' });
}

const NAMELESS_TLS: Evidence = { kind: 'tls', serverName: undefined, alpn: [] };

/** An unfinished hello: two bytes are enough to tell the record of TLS from what only begins alike. */
function isTls(bytes: Uint8Array): boolean {
  return bytes[0] === 22 && bytes[1] === 3;
}

function found(evidence: Evidence): Sniffed {
  return { kind: 'evidence', evidence, http: undefined };
}
