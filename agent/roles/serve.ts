import { readFile } from 'node:fs/promises';
import { setTimeout as after } from 'node:timers/promises';
import { EXIT } from '../../init/contract.ts';
import { flowsOfCaller, startAccepting } from '../accept/listeners.ts';
import { ownAddresses } from '../accept/own-addresses.ts';
import { createMetrics } from '../admin/metrics.ts';
import { startMetricsServer } from '../admin/metrics-server.ts';
import { startReadinessServer } from '../admin/readiness-server.ts';
import type { CommonConfig } from '../config/common-config.ts';
import { openAccessLog } from '../log/access-log.ts';
import { createDiagnostics, type Diagnostics } from '../log/diagnostics.ts';
import type { Endpoint } from '../model/address.ts';
import type { Accept } from '../model/mover.ts';
import { METRICS_PORT, READINESS_PORT } from '../model/port.ts';
import { problemText } from '../model/resource.ts';
import type { Caller } from '../pipeline/caller.ts';
import { handle } from '../pipeline/handle.ts';
import { LiveFlows } from '../pipeline/live-flows.ts';
import type { Stages } from '../pipeline/stages.ts';
import { localEndpointsOf } from '../registry/may-dial.ts';
import { Conversation } from '../relay/conversation.ts';
import { type Loaded, watchFolder } from '../sources/files.ts';
import { endpointHealth } from '../upstream/health.ts';
import { serversFromResolvConf } from '../upstream/resolve/resolv-conf.ts';
import { createResolver } from '../upstream/resolve/resolver.ts';
import { RegistryHolder } from './registry-holder.ts';
import { countFlow, report, reportLeased } from './reporter.ts';
import type { Listening, Role } from './role.ts';
import { StartFailure } from './start-failure.ts';

/** What the process tells the agent. */
export type Signals = {
  /** Aborted when the process is asked to stop. */
  readonly stop: AbortSignal;
  readonly onReopenLogs: (reopen: () => void) => void;
};

/**
 * The agent in one of its roles. Resolves once the signal to stop has been served: accepting ends, what lives may finish,
 * the rest is reset at the deadline, the last lines are written. Throws StartFailure.
 */
export async function serve(
  role: Role,
  config: CommonConfig,
  version: string,
  { stop, onReopenLogs }: Signals,
): Promise<void> {
  const diagnostics = createDiagnostics();
  const onError = (error: Error): void => diagnostics.warn(`access log: ${error.message}`);
  const log = started('the access log cannot be written', () => openAccessLog({ ...config.accessLog, onError }));
  onReopenLogs(log.reopen);
  const holder = new RegistryHolder(role.gateway);
  const live = new LiveFlows(flowsOfCaller(config.threads, role.callers));
  let problems: Loaded['problems'] = [];
  const metrics = createMetrics({
    openFlows: () => live.size,
    acceptPaused: () => mover.stats().paused,
    registryGeneration: () => holder.registry.generation,
    configProblems: () => countBySeverity(problems),
    accessLogDropped: () => log.stats().dropped,
  });
  const resolver = createResolver({ servers: await resolversOf(config), observe: metrics.dnsAnswered });
  const accept: Accept = (flow, event) => {
    const conversation = new Conversation(mover, flow, event);
    const caller = role.callerOf(event);
    if (caller) void take(conversation, caller);
    else conversation.close('rst');
    return conversation;
  };
  const take = async (conversation: Conversation, caller: Caller): Promise<void> => {
    const last = await handle({ conversation, caller, startedAt: Date.now() }, stages);
    countFlow(last, await conversation.closedEvent, metrics);
  };
  const mover = started('the mover cannot start', () => startAccepting(config.threads, accept));
  const addresses = ownAddresses(mover, () => performance.now());
  const stages: Stages = {
    hop: role.hop,
    locate: role.locate,
    sniffDeadlineMs: config.sniffDeadlineMs,
    firstByteTimeoutMs: config.firstByteTimeoutMs,
    timeHeader: config.upstreamTime ? UPSTREAM_TIME_HEADER : undefined,
    lease: config.lease,
    forward: role.forward,
    resolve: resolver.resolve,
    ownPlace: () => ({
      addresses: addresses(),
      clusterCidrs: config.clusterCidrs,
      ...(role.localEndpoints ? { localEndpoints: localEndpointsOf(holder.registry.listeners.keys()) } : {}),
    }),
    random: Math.random,
    health: endpointHealth(() => performance.now()),
    registry: () => holder.registry,
    identify: (flow) => role.identify(flow, holder.directory),
    live,
    report: (outcome, ended) => report(outcome, ended, log, metrics, holder.registry.generation),
    reportLeased: (record) => reportLeased(record, log, metrics),
    crashed: (thrown) => diagnostics.error({ err: thrown }, 'a flow met a fault of ours and was reset'),
  };
  let listening: Listening | undefined;
  const folder = watchFolder(config.configDir, (loaded) => {
    problems = loaded.problems;
    holder.replace(loaded.set);
    mover.nextEpoch();
    listening?.follow();
    void live.rejudgeAll();
    tellRegistry(diagnostics, loaded);
  });
  const pending = new Set(['registry', 'listeners']);
  const servers = await Promise.all([
    startMetricsServer({ port: METRICS_PORT, metrics }),
    startReadinessServer({ port: READINESS_PORT, pending: () => [...pending] }),
  ]);
  for (const each of servers) if (each.kind === 'unavailable') diagnostics.warn(each.warning);

  try {
    await folder.ready;
    pending.delete('registry');
    if (stop.aborted) return; // what listens would wait for a stop that has been
    listening = role.listen({ mover, diagnostics, registry: () => holder.registry, stop });
    pending.delete('listeners');
    diagnostics.info(`weir-agent ${version} ready`);
    await aborted(stop);
    diagnostics.info(`stopping: ${live.size} flows may finish within ${DRAIN_MS / 1000} s`);
    pending.add('stopping');
    for (const id of listening.ids()) mover.unlisten(id);
    live.windDown();
    await Promise.race([live.whenEmpty(), after(DRAIN_MS, undefined, { ref: false })]);
  } finally {
    folder.close();
    await mover.stop();
    resolver.close();
    await live.whenEmpty();
    await log.close();
    for (const each of servers) if (each.kind === 'listening') await each.close();
  }
}

/** What the agent cannot be without; if it cannot be had, the operator is told why, without our stack. */
function started<T>(otherwise: string, start: () => T): T {
  try {
    return start();
  } catch (thrown) {
    if (!(thrown instanceof Error) || thrown instanceof TypeError) throw thrown; // ours
    throw new StartFailure(EXIT.unavailable, `${otherwise}: ${thrown.message}`);
  }
}

async function resolversOf(config: CommonConfig): Promise<readonly Endpoint[]> {
  if (config.resolvers.length > 0) return config.resolvers;
  return serversFromResolvConf(await readFile('/etc/resolv.conf', 'utf8').catch(() => ''));
}

function countBySeverity(problems: Loaded['problems']): { errors: number; warnings: number } {
  const errors = problems.filter(({ severity }) => severity === 'error').length;
  return { errors, warnings: problems.length - errors };
}

function tellRegistry(diagnostics: Diagnostics, { problems, set, generation }: Loaded): void {
  for (const problem of problems) {
    if (problem.severity === 'error') diagnostics.error(problemText(problem));
    else diagnostics.warn(problemText(problem));
  }
  const mode = set.mode?.value ?? 'REGISTRY_ONLY (default)';
  diagnostics.info(`registry ${generation}: ${set.grants.length} grants, mode ${mode}`);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

const DRAIN_MS = 5_000;
/** Envoy's, lower case, so that dashboards and clients that read it need no change. */
const UPSTREAM_TIME_HEADER = 'x-envoy-upstream-service-time';
