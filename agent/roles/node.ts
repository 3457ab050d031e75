import { readFile } from 'node:fs/promises';
import { openPodListeners, startAccepting } from '../accept/listeners.ts';
import { ownAddresses } from '../accept/own-addresses.ts';
import { createMetrics } from '../admin/metrics.ts';
import { startMetricsServer } from '../admin/metrics-server.ts';
import { startReadinessServer } from '../admin/readiness-server.ts';
import type { AgentConfig } from '../config/agent-config.ts';
import { workloadNamed } from '../identify/directory.ts';
import { openAccessLog } from '../log/access-log.ts';
import { createDiagnostics, type Diagnostics } from '../log/diagnostics.ts';
import type { Endpoint } from '../model/address.ts';
import type { Accept, ListenerId } from '../model/mover.ts';
import { accessRecord } from '../pipeline/access-record.ts';
import { handle, type Stages } from '../pipeline/handle.ts';
import { LiveFlows } from '../pipeline/live-flows.ts';
import type { EnrolledNamespace, Outcome } from '../pipeline/stages.ts';
import { Conversation } from '../relay/conversation.ts';
import { type Loaded, watchFolder } from '../sources/files.ts';
import { serversFromResolvConf } from '../upstream/resolve/resolv-conf.ts';
import { createResolver } from '../upstream/resolve/resolver.ts';
import { RegistryHolder } from './registry-holder.ts';

/**
 * `weir-agent run`: hop mesh, beside the workloads. Resolves with the exit code once the signal to stop has been served:
 * accepting ends, what lives may finish, the rest is reset at the deadline, the last lines are written.
 */
export async function runNode(
  config: AgentConfig,
  version: string,
  stop: AbortSignal,
  reopenLogs: (reopen: () => void) => void,
): Promise<number> {
  const diagnostics = createDiagnostics();
  const log = openAccessLog({
    ...config.accessLog,
    onError: (error) => diagnostics.warn(`access log: ${error.message}`),
  });
  reopenLogs(log.reopen);
  const holder = new RegistryHolder();
  const live = new LiveFlows(MOST_FLOWS_PER_NAMESPACE);
  let problems: Loaded['problems'] = [];
  const metrics = createMetrics({
    openFlows: () => live.size,
    acceptPaused: () => mover.stats().paused,
    registryGeneration: () => holder.registry.generation,
    configProblems: () => ({
      errors: problems.filter(({ severity }) => severity === 'error').length,
      warnings: problems.filter(({ severity }) => severity === 'warning').length,
    }),
    accessLogDropped: () => log.stats().dropped,
  });
  const resolver = createResolver({ servers: await resolversOf(config), observe: metrics.dnsAnswered });
  const enrolled = new Map<ListenerId, EnrolledNamespace>();
  const accept: Accept = (flow, event) => {
    const conversation = new Conversation(mover, flow, event);
    const namespace = enrolled.get(event.listener);
    if (namespace) void handle({ conversation, enrolled: namespace, startedAt: Date.now() }, stages);
    else conversation.close('rst');
    return conversation;
  };
  const mover = startAccepting(config.threads, accept);
  const addresses = ownAddresses(mover, () => performance.now());
  const stages: Stages = {
    hop: { kind: 'mesh' },
    sniffDeadlineMs: config.sniffDeadlineMs,
    firstByteTimeoutMs: config.firstByteTimeoutMs,
    addressesOf: async (name) => {
      const resolution = await resolver.resolve(name);
      return resolution.kind === 'addresses' ? resolution.ips : [];
    },
    resolve: resolver.resolve,
    ownPlace: () => ({ addresses: addresses(), clusterCidrs: config.clusterCidrs }),
    random: Math.random,
    registry: () => holder.registry,
    identify: ({ namespace, pod }) => ({ kind: 'workload', workload: workloadNamed(holder.directory, namespace, pod) }),
    live,
    report: (outcome) => void report(outcome),
    crashed: (thrown) => diagnostics.error({ err: thrown }, 'a flow met a fault of ours and was reset'),
  };

  async function report(outcome: Outcome): Promise<void> {
    const closed = await outcome.conversation.closedEvent;
    const record = accessRecord(outcome, closed, holder.registry.generation);
    log.write(record);
    metrics.flowEnded(record.verdict ?? 'none', outcome.failure?.code ?? outcome.verdict?.reason ?? 'internal');
    if (record.protocol !== null && record.responseCode > 0) metrics.requestEnded(record.responseCode);
    metrics.bytesMoved('to-upstream', closed.toUpstream);
    metrics.bytesMoved('to-client', closed.toClient);
  }

  const pending = new Set(['registry', 'listeners']);
  const folder = watchFolder(config.configDir, (loaded) => {
    problems = loaded.problems;
    holder.replace(loaded.set);
    tellProblems(diagnostics, loaded);
  });
  await folder.ready;
  pending.delete('registry');
  for (const { netns, namespace, pod } of config.enrolments) {
    const { ids, missing } = openPodListeners(mover, netns, config.port);
    for (const id of ids) enrolled.set(id, { netns, namespace, pod });
    for (const { family, code } of missing)
      diagnostics.warn(`${namespace}/${pod}: no IPv${family} listener in ${netns}: ${code}`);
    diagnostics.info(`listening for ${namespace}/${pod} in ${netns}, port ${config.port}`);
  }
  pending.delete('listeners');
  const servers = await Promise.all([
    startMetricsServer({ port: METRICS_PORT, metrics }),
    startReadinessServer({ port: READINESS_PORT, pending: () => [...pending] }),
  ]);
  for (const each of servers) if (each.kind === 'unavailable') diagnostics.warn(each.warning);
  diagnostics.info(`weir-agent ${version} ready`);

  await new Promise<void>((resolve) => {
    if (stop.aborted) resolve();
    else stop.addEventListener('abort', () => resolve(), { once: true });
  });
  diagnostics.info(`stopping: ${live.size} flows may finish within ${DRAIN_MS / 1000} s`);
  pending.add('stopping');
  for (const id of enrolled.keys()) mover.unlisten(id);
  await Promise.race([live.whenEmpty(), new Promise((resolve) => setTimeout(resolve, DRAIN_MS))]);
  folder.close();
  await mover.stop();
  resolver.close();
  await live.whenEmpty();
  await log.close();
  for (const each of servers) if (each.kind === 'listening') await each.close();
  return 0;
}

async function resolversOf(config: AgentConfig): Promise<readonly Endpoint[]> {
  if (config.resolvers.length > 0) return config.resolvers;
  return serversFromResolvConf(await readFile('/etc/resolv.conf', 'utf8').catch(() => ''));
}

function tellProblems(diagnostics: Diagnostics, { problems, set, generation }: Loaded): void {
  for (const { severity, position, path, message } of problems) {
    const text = `${position.file}:${position.line}:${position.column}: ${path === '' ? '' : `${path}: `}${message}`;
    if (severity === 'error') diagnostics.error(text);
    else diagnostics.warn(text);
  }
  diagnostics.info(
    `registry ${generation}: ${set.grants.length} grants, mode ${set.mode?.value ?? 'REGISTRY_ONLY (default)'}`,
  );
}

/** Istio's ports, so that existing scrape and probe configurations fit. */
const METRICS_PORT = 15020;
const READINESS_PORT = 15021;
/** One workload must not use up the table that all share. */
const MOST_FLOWS_PER_NAMESPACE = 8_192;
const DRAIN_MS = 5_000;
