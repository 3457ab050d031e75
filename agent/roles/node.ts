import { locate } from '../accept/locate.ts';
import type { AgentConfig } from '../config/agent-config.ts';
import { workloadNamed } from '../identify/directory.ts';
import type { ListenerId } from '../model/mover.ts';
import type { Caller } from '../pipeline/caller.ts';
import type { Accepted, Placing } from '../pipeline/stages.ts';
import { listenForPods } from './pod-listeners.ts';
import type { Role } from './role.ts';

/** `weir-agent run`: hop mesh, beside the workloads, whose namespaces it listens in. */
export function nodeRole(config: AgentConfig): Role {
  const enrolled = new Map<ListenerId, Caller>();
  return {
    hop: { kind: 'mesh' },
    gateway: undefined,
    callers: config.enrolments.length,
    callerOf: ({ listener }) => enrolled.get(listener),
    locate: placeBesideWorkload,
    identify: ({ caller }, directory) => {
      const { namespace, pod } = caller;
      if (namespace === null || pod === null) return { kind: 'unknown' };
      return { kind: 'workload', workload: workloadNamed(directory, namespace, pod) };
    },
    forward: { clientAddress: false, requestId: false },
    localEndpoints: false,
    listen: ({ mover, diagnostics, stop }) => {
      listenForPods(mover, config, enrolled, diagnostics, stop);
      return { follow: () => {}, ids: () => enrolled.keys() };
    },
  };
}

function placeBesideWorkload(flow: Accepted): Placing {
  const { opening } = flow.conversation;
  const place = locate(opening);
  if (!place.ok) return place;
  const { destination } = place;
  const asked = { destination, answers: undefined };
  return { ok: true, located: { ...flow, destination, client: opening.peer, asked }, first: opening };
}
