/**
 * The mover with the least decider that can be: what a request costs before there is any pipeline. Takes the connections
 * of a pod as the agent does and allows one Host. Its only argument is a DeciderOrder; says `listening`, ends on SIGTERM.
 */
import { availableParallelism } from 'node:os';
import { openPodListeners, startAccepting } from '../../../agent/accept/listeners.ts';
import { openAccessLog } from '../../../agent/log/access-log.ts';
import type { Accept } from '../../../agent/model/mover.ts';
import { portOf } from '../../../agent/model/port.ts';
import { DEFAULT_LISTEN_PORT } from '../../../init/contract.ts';
import { type Exchange, exchangeRecord } from './exchange-record.ts';
import { gatedFlow, openFlow } from './gated-flow.ts';
import type { DeciderOrder } from './order.ts';

const { netns, host, gate, logFile } = JSON.parse(process.argv[2] ?? '') as DeciderOrder; // the harness wrote it
const report = logFile === undefined ? undefined : reportTo(logFile);
const accept: Accept = (flow, event) => {
  if (gate === 'open') return openFlow(mover, flow, event);
  return gatedFlow({ mover, host, holdAnswers: gate !== 'observed', leases: gate === 'leased', report }, flow, event);
};
const mover = startAccepting(availableParallelism(), accept);
const port = portOf(DEFAULT_LISTEN_PORT);
if (port === undefined || openPodListeners(mover, netns, port, [4]).opened.length === 0) throw new Error('no listener');
process.once('SIGTERM', () => process.exit()); // in order, so that a profile is written
process.stdout.write('listening\n');

function reportTo(path: string): (exchange: Exchange) => void {
  const onError = (error: Error): never => {
    throw error;
  };
  const log = openAccessLog({ path, format: 'json', onError });
  return (exchange) => log.write(exchangeRecord(exchange));
}
