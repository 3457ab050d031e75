/**
 * The outside world of the lab: who stands there, under which names and addresses, and what each port does.
 * Addresses: 203.0.113.0/24 (RFC 5737) and 2001:db8::/32 (RFC 3849); one pair for each origin, so that a dial of the
 * wrong one is seen.
 */
export type ServiceKind =
  /** HTTP/1.1 in the clear; the answers are `http-answers.ts`. */
  | 'http'
  /** TLS with a certificate of the lab's CA, ALPN h2 and http/1.1; the same answers. */
  | 'https'
  /** Says `HELLO\n` first, then sends back what it gets. */
  | 'greeting'
  /** Sends back what it gets, ends when the client ends. */
  | 'echo'
  /** Reads to the client's FIN, then answers `got N bytes\n` and ends. */
  | 'after-fin'
  /** Takes everything, says nothing, ends when the client ends. */
  | 'sink'
  /** Says `BYE\n` and ends at once; reads on until the client ends too. */
  | 'ends-first'
  /** HTTP/1 written byte by byte, also as no library would; the answers are `raw-http.ts`. */
  | 'raw-http'
  /** WebSocket (RFC 6455): sends back what it gets, text in two fragments. */
  | 'websocket';

export type Service = { readonly port: number; readonly kind: ServiceKind };

export type Origin = {
  /** Key for records and answers. */
  readonly key: string;
  readonly names: readonly string[];
  readonly addresses: readonly string[];
  readonly services: readonly Service[];
};

const WEB: readonly Service[] = [
  { port: 80, kind: 'http' },
  { port: 443, kind: 'https' },
];

export const ORIGINS: readonly Origin[] = [
  origin('E1', 11, ['httpbin.org', 'www.httpbin.org'], WEB),
  origin('E2', 12, ['aliyun.com'], WEB),
  origin('E3', 13, ['edition.cnn.com'], WEB),
  origin('E4', 14, ['www.aliyun.com'], WEB),
  origin('E5', 15, ['openservicemesh.io'], WEB),
  origin('E6', 16, ['github.com'], WEB),
  origin('E7', 17, ['db.test'], [{ port: 3306, kind: 'greeting' }]),
  origin('E8', 18, ['echo.test'], [{ port: 8078, kind: 'echo' }]),
  origin('E9', 19, ['other.test'], WEB),
  origin('E10', 20, ['half.test'], [{ port: 7007, kind: 'after-fin' }]),
  origin(
    'E11',
    21,
    ['sink.test'],
    [80, 443, 1, 22, 53, 853, 8080, 8443, 9999].map((port) => ({ port, kind: 'sink' })),
  ),
];

function origin(key: string, last: number, names: readonly string[], services: readonly Service[]): Origin {
  return { key, names, addresses: [`203.0.113.${last}`, `2001:db8:ee::${last}`], services };
}

/** The key of the origin with this name or key; else what was given. */
export function keyOf(wanted: string): string {
  return ORIGINS.find(({ key, names }) => key === wanted || names.includes(wanted))?.key ?? wanted;
}
