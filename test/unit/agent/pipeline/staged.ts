import type { AccessRecord } from '../../../../agent/log/record.ts';
import { accessRecord } from '../../../../agent/pipeline/access-record.ts';
import { LiveFlows } from '../../../../agent/pipeline/live-flows.ts';
import type { Identified, Located, Stages } from '../../../../agent/pipeline/stages.ts';
import type { Registry } from '../../../../agent/registry/compile.ts';
import type { Conversation } from '../../../../agent/relay/conversation.ts';
import { endpointHealth } from '../../../../agent/upstream/health.ts';
import type { Resolution } from '../../../../agent/upstream/resolve/resolution.ts';
import { endpoint } from '../../../support/access-record.ts';
import { ip, MESH, workload } from '../registry/builders.ts';

export const SHOP = { key: '/run/netns/shop', namespace: 'shop', pod: 'web-0' } as const;

/** The world of the stages: one registry at a time, names with fixed addresses, and what was reported kept in order. */
export class Staged {
  registry: Registry;
  readonly live = new LiveFlows(64);
  readonly records: AccessRecord[] = [];
  readonly stages: Stages;

  constructor(registry: Registry, names: Readonly<Record<string, readonly string[]>> = {}) {
    this.registry = registry;
    this.stages = {
      hop: MESH,
      locate: ({ conversation }) => {
        const { opening } = conversation;
        return { ok: true, located: located(conversation), first: opening };
      },
      sniffDeadlineMs: 300,
      firstByteTimeoutMs: 5_000,
      timeHeader: undefined,
      lease: true,
      forward: { clientAddress: false, requestId: false },
      registry: () => this.registry,
      identify: () => SOURCE,
      live: this.live,
      report: (outcome, ended) => this.records.push(accessRecord(outcome, ended, this.registry.generation)),
      reportLeased: (record) => (exchange) => this.records.push({ ...record, ...exchange }),
      crashed: (thrown) => {
        throw thrown;
      },
      resolve: (name): Resolution => {
        const ips = names[name]?.map(ip);
        return ips ? { kind: 'addresses', ips, cnames: [] } : { kind: 'none', because: 'nxdomain' };
      },
      ownPlace: () => ({ addresses: new Set(), clusterCidrs: [] }),
      random: () => 0,
      health: endpointHealth(() => 0),
    };
  }

  /** The access lines so far, as far as these tests look at them: method or protocol, path, status, flag, bytes. */
  get lines(): readonly string[] {
    return this.records.map((line) => {
      const what = line.method === null ? 'flow' : `${line.method} ${line.path}`;
      const bytes = `${line.bytesReceived}/${line.bytesSent}`;
      return `${what}: ${line.verdict} ${line.reason} ${line.responseCode} ${line.responseFlags ?? '-'} ${bytes}`;
    });
  }
}

const SOURCE = { kind: 'workload', workload: workload('shop') } as const;

/** A flow of the shop to this destination. */
export function identified(conversation: Conversation, to = '203.0.113.9', port = 80): Identified {
  return { ...located(conversation, to, port), source: SOURCE };
}

/** The same before anybody has asked whose it is. */
export function located(conversation: Conversation, to = '203.0.113.9', port = 80): Located {
  const destination = endpoint(to, port);
  const asked = { destination, answers: undefined };
  const { peer } = conversation.opening;
  return { conversation, caller: SHOP, startedAt: Date.now(), destination, client: peer, asked };
}
