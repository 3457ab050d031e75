import { destination, type Level, type Logger, pino } from 'pino';
import { standardStream } from './descriptor.ts';

export type Diagnostics = Logger;

/**
 * Messages for the operator, as JSON lines on standard error. `info`: the record of what the agent does; `warn`:
 * something to act on; `debug`: for developers. Written at once, so that last words are not lost; a standard error that
 * nobody reads costs the messages, never the agent.
 */
export function createDiagnostics(level: Level = 'info'): Diagnostics {
  const stderr = destination({
    dest: standardStream(2).fd,
    sync: true,
    maxLength: LIMIT_BYTES,
    retryEAGAIN: () => false,
  });
  stderr.on('error', () => undefined); // there is nowhere left to report it
  return pino({ level, base: { name: 'weir' }, timestamp: pino.stdTimeFunctions.isoTime }, stderr);
}

const LIMIT_BYTES = 256 * 1024;
