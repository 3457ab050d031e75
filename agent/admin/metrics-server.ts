import type { Metrics } from './metrics.ts';
import { type Started, startProbeServer } from './probe-server.ts';

/** `/metrics`, and `/stats/prometheus` where Istio's scrape annotations point. Port 15020 by default, as in Istio. */
export function startMetricsServer(options: { readonly port: number; readonly metrics: Metrics }): Promise<Started> {
  const { port, metrics } = options;
  return startProbeServer('metrics', port, async (path) =>
    PATHS.has(path) ? { status: 200, contentType: metrics.contentType, body: await metrics.text() } : undefined,
  );
}

const PATHS: ReadonlySet<string> = new Set(['/metrics', '/stats/prometheus']);
