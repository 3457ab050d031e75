import type { Started } from '../../agent/admin/probe-server.ts';

/** The running server; a test that cannot have its port fails. */
export function listening(started: Started): Started & { kind: 'listening' } {
  if (started.kind !== 'listening') throw new Error(started.warning);
  return started;
}
