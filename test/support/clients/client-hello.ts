import { readFileSync } from 'node:fs';

/** The recorded ClientHello of this client, one character for each byte. */
export function clientHello(client: string): string {
  return readFileSync(new URL(`../../fixtures/client-hello/${client}.bin`, import.meta.url), 'latin1');
}
