import type { Metrics } from '../admin/metrics.ts';
import type { AccessLog } from '../log/access-log.ts';
import { accessRecord } from '../pipeline/access-record.ts';
import type { Outcome } from '../pipeline/stages.ts';

/** The one exit of all flows: an access line and the counters. `generation` stands in where no registry was asked. */
export async function report(outcome: Outcome, log: AccessLog, metrics: Metrics, generation: number): Promise<void> {
  const closed = await outcome.conversation.closedEvent;
  const record = accessRecord(outcome, closed, generation);
  log.write(record);
  metrics.flowEnded(record.verdict ?? 'none', outcome.failure?.code ?? outcome.verdict?.reason ?? 'internal');
  if (record.protocol !== null && record.responseCode > 0) metrics.requestEnded(record.responseCode);
  metrics.bytesMoved('to-upstream', closed.toUpstream);
  metrics.bytesMoved('to-client', closed.toClient);
}
