import { type Started, startProbeServer, text } from './probe-server.ts';

export type ReadinessOptions = {
  readonly port: number;
  /** What is still missing, in our own words (`registry`, `listener default/sleep`); nothing: ready. */
  readonly pending: () => readonly string[];
};

/** `/healthz/ready`: 200, or 503 that names what is pending. Port 15021 by default, as in Istio. */
export function startReadinessServer({ port, pending }: ReadinessOptions): Promise<Started> {
  return startProbeServer('readiness', port, (path) => {
    if (path !== '/healthz/ready') return undefined;
    const missing = pending();
    return missing.length === 0 ? text(200, 'ready\n') : text(503, `not ready, pending: ${missing.join(', ')}\n`);
  });
}
