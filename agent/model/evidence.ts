import type { Authority, Hostname } from './hostname.ts';

/** What the first bytes of a flow showed. `open` is the state before anything was read, and decides nothing by itself. */
export type Evidence =
  | { readonly kind: 'open' }
  | { readonly kind: 'tls'; readonly serverName: Hostname | undefined; readonly alpn: readonly string[] }
  /** Encrypted ClientHello (RFC 9849), real or GREASE: only the outer name is known, the inner one may be another. */
  | { readonly kind: 'tls-ech'; readonly outerName: Hostname | undefined; readonly alpn: readonly string[] }
  | { readonly kind: 'http'; readonly request: RequestFacts }
  /** HTTP/2 with prior knowledge (RFC 9113 §3.3): streams to come are not known. */
  | { readonly kind: 'http2' }
  | { readonly kind: 'opaque' }
  /** The client said nothing before the deadline, or ended without a byte. */
  | { readonly kind: 'silent' };

/** What decide may look at of an HTTP request. */
export type RequestFacts = {
  readonly method: string;
  /** undefined if the request names no host that could be one (HTTP/1.0 without Host, or not a name). */
  readonly authority: Authority | undefined;
  /** The path as sent, with its query. */
  readonly target: string;
  readonly headers: FieldLines;
};

/** Lower-case name and value, in the order sent. */
type FieldLines = readonly (readonly [string, string])[];

/** The value of a field, whose lines are one list (RFC 9110 §5.3); undefined: there is none. `name` in lower case. */
export function fieldValue(headers: FieldLines, name: string): string | undefined {
  const values = headers.filter(([each]) => each === name).map(([, value]) => value);
  return values.length > 0 ? values.join(',') : undefined;
}
