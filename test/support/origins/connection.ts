import type { Duplex } from 'node:stream';
import type { SeenRequest } from './record.ts';

/** One accepted connection and where to tell what it showed. */
export type Connection = {
  readonly stream: Duplex;
  /** Cuts it with RST; what was not sent yet is lost. */
  readonly reset: () => void;
  readonly origin: string;
  readonly peer: string;
  readonly port: number;
  readonly sawTls: (sni: string | undefined, alpn: string | undefined) => void;
  readonly sawRequest: (request: SeenRequest) => void;
};
