import { EXIT } from '../../init/contract.ts';
import { openPodListeners, RETRY_MS } from '../accept/listeners.ts';
import type { AgentConfig } from '../config/agent-config.ts';
import type { Diagnostics } from '../log/diagnostics.ts';
import { FAMILIES, type Family } from '../model/address.ts';
import type { ListenerId, Mover } from '../model/mover.ts';
import type { Caller } from '../pipeline/caller.ts';
import { StartFailure } from './start-failure.ts';

/**
 * Listens for every enrolled pod; `enrolled` learns which listener is whose. A port that is taken is asked for again
 * until `stop`: any process of a pod can bind it while no agent does (and weir-init does, for the moment of its proof),
 * which must cost neither the other pods their agent nor this one its other family. Throws StartFailure if a namespace
 * is not there, or if not one listener can be had.
 */
export function listenForPods(
  mover: Mover,
  { enrolments, port }: Pick<AgentConfig, 'enrolments' | 'port'>,
  enrolled: Map<ListenerId, Caller>,
  diagnostics: Pick<Diagnostics, 'info' | 'warn'>,
  stop: AbortSignal,
): void {
  let wanted: readonly Wanted[] = [];
  for (const pod of enrolments) {
    const { opened, missing } = openPodListeners(mover, pod.netns, port, FAMILIES);
    for (const [, id] of opened) enrolled.set(id, callerOf(pod));
    const busy = missing.filter(({ code }) => code === TAKEN).map(({ family }) => family);
    const other = missing.find(({ code }) => code !== TAKEN);
    if (opened.length + busy.length === 0 && other) throw cannotListen(pod, port, other.code);
    if (opened.length > 0) diagnostics.info(listeningText(pod, port));
    for (const { family, code } of missing) diagnostics.warn(missingText(pod, family, code));
    if (busy.length > 0) wanted = [...wanted, { pod, families: busy }];
  }
  const [first] = wanted;
  if (!first) return;
  if (enrolled.size === 0) throw cannotListen(first.pod, port, TAKEN);
  const timer = setInterval(() => {
    wanted = wanted.flatMap(({ pod, families }) => {
      const { opened, missing } = openPodListeners(mover, pod.netns, port, families);
      for (const [, id] of opened) enrolled.set(id, callerOf(pod));
      if (opened.length > 0) diagnostics.info(`${listeningText(pod, port)}: now free`);
      return missing.length > 0 ? [{ pod, families: missing.map(({ family }) => family) }] : [];
    });
    if (wanted.length === 0) clearInterval(timer);
  }, RETRY_MS);
  stop.addEventListener('abort', () => clearInterval(timer), { once: true });
}

type Pod = AgentConfig['enrolments'][number];
type Wanted = { readonly pod: Pod; readonly families: readonly Family[] };

function callerOf({ netns, namespace, pod }: Pod): Caller {
  return { key: netns, namespace, pod };
}

const TAKEN = 'EADDRINUSE';

function cannotListen(pod: Pod, port: number, code: string): StartFailure {
  return new StartFailure(EXIT.unavailable, `${podText(pod)}: cannot listen in ${pod.netns}, port ${port}: ${code}`);
}

function listeningText(pod: Pod, port: number): string {
  return `listening for ${podText(pod)} in ${pod.netns}, port ${port}`;
}

function missingText(pod: Pod, family: Family, code: string): string {
  const what = code === TAKEN ? 'goes to whoever holds the port; it is asked for again' : 'is refused';
  return `${podText(pod)}: no IPv${family} listener in ${pod.netns} (${code}): its IPv${family} ${what}`;
}

function podText({ namespace, pod }: Pod): string {
  return `${namespace}/${pod}`;
}
