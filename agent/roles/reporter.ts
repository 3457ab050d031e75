import type { Metrics } from '../admin/metrics.ts';
import type { AccessLog } from '../log/access-log.ts';
import type { AccessRecord, ExchangeFacts } from '../log/record.ts';
import type { ClosedEvent } from '../model/mover.ts';
import { accessRecord, verdictOf } from '../pipeline/access-record.ts';
import type { Ended, Outcome } from '../pipeline/stages.ts';

/** One access line, and the counters of requests. `generation` stands in where no registry was asked. */
export function report(outcome: Outcome, ended: Ended, log: AccessLog, metrics: Metrics, generation: number): void {
  const record = accessRecord(outcome, ended, generation);
  log.write(record);
  if (record.protocol !== null && record.responseCode > 0) metrics.requestEnded(record.responseCode);
}

/** The same for the requests of a connection whose records are `record` but for what is told of each. */
export function reportLeased(
  record: AccessRecord,
  log: AccessLog,
  metrics: Metrics,
): (exchange: ExchangeFacts) => void {
  const write = log.writerLike(record);
  return (exchange) => {
    write(exchange);
    metrics.requestEnded(exchange.responseCode);
    metrics.requestLeased();
  };
}

/** The counters of connections. `last`: what was reported last of this one. */
export function countFlow(last: Outcome, closed: ClosedEvent, metrics: Metrics): void {
  metrics.flowEnded(verdictOf(last) ?? 'none', last.failure?.code ?? last.verdict?.reason ?? 'internal');
  metrics.bytesMoved('to-upstream', closed.toUpstream);
  metrics.bytesMoved('to-client', closed.toClient);
}
