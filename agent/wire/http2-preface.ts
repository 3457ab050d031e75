/** RFC 9113 §3.4: what a client with prior knowledge of HTTP/2 sends first, in full. */
const PREFACE = Uint8Array.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', (character) => character.charCodeAt(0));

/**
 * `more`: a proper beginning of the preface, or nothing yet. HTTP/1 answers `PRI * HTTP/2.0` with 505, so ask here first.
 * Settles at the first byte that differs, or at the last of 24.
 */
export function matchPreface(bytes: Uint8Array): 'preface' | 'more' | 'no' {
  const compared = Math.min(bytes.length, PREFACE.length);
  for (let at = 0; at < compared; at++) if (bytes[at] !== PREFACE[at]) return 'no';
  return compared === PREFACE.length ? 'preface' : 'more';
}
