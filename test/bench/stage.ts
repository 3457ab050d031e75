import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { makeNamespaces } from '../support/lab/namespaces.ts';
import { must, type Running, start } from '../support/lab/run.ts';
import { claim, removeAtExit, removeLab, removeStaleLabs } from '../support/lab/teardown.ts';
import { podAt } from '../support/lab/topology.ts';
import { waitFor } from '../support/lab/wait.ts';
import { type Contender, ORIGIN, type Purpose, type Setting } from './contender.ts';
import { type Entrant, enter } from './entrant.ts';
import { type Load, purposeOf } from './load.ts';
import type { BenchOptions } from './options.ts';

export type Stage = {
  /** Where the compiled programs stand. */
  readonly folder: string;
  readonly origin: Running;
  readonly entrants: readonly Entrant[];
  /**
   * Before a load, for idle flows before each round. Whoever has other settings for this load is started anew, for idle
   * flows everyone; after that all are proved. True if nobody has warmed up yet: before the first load of a kind, and
   * where somebody was started anew.
   */
  readonly prepare: (load: Load) => Promise<boolean>;
  readonly close: () => Promise<void>;
};

/**
 * One pod for each contender, a node where they all run and dial, an outside world with the origin. All pods but that of
 * `direct` have the same rules, by `weir-init apply` as a user runs it. Must be root; nothing stays behind.
 */
export async function makeStage(
  setting: Setting,
  contenders: readonly Contender[],
  { bodyBytes, profile }: Pick<BenchOptions, 'bodyBytes' | 'profile'>,
): Promise<Stage> {
  removeStaleLabs();
  const lab = `weir-bench${process.pid}`;
  const folder = claim(lab);
  const env = profile === undefined ? {} : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${profile}` };
  removeAtExit(lab);
  try {
    const pods = contenders.map(({ name }, index) => podAt(lab, name, index));
    const gateways = contenders.map(({ name }, index) => podAt(lab, `${name}-gw`, pods.length + index));
    const all = setting === 'gateway' ? [...pods, ...gateways] : pods;
    await makeNamespaces({ pods: all, node: `${lab}-node`, ext: `${lab}-ext`, origins: [ORIGIN.ip] });
    await must([fileURLToPath(new URL('programs/build', import.meta.url)), folder]);
    for (const netns of [`${lab}-node`, `${lab}-ext`, ...all.map((pod) => pod.netns)]) await widen(netns);
    const origin = await startOrigin(setting, `${lab}-ext`, folder, bodyBytes);
    const entering = contenders.flatMap((contender, index) => {
      const pod = pods[index];
      const gateway = setting === 'gateway' ? gateways[index] : undefined;
      const own = `${folder}/${contender.name}`;
      const place = { node: `${lab}-node`, folder: own, programs: folder, bodyBytes };
      return pod ? [{ contender, setting, pod, gateway, ...place, env }] : [];
    });
    for (const each of entering) mkdirSync(each.folder);
    const entrants = await Promise.all(entering.map(enter));
    return { folder, origin, entrants, prepare: prepareFrom(entrants), close: () => endAll(lab, entrants) };
  } catch (thrown) {
    removeLab(lab);
    throw thrown;
  }
}

async function startOrigin(setting: Setting, netns: string, folder: string, bodyBytes: number): Promise<Running> {
  const at = [ORIGIN.ip, `${ORIGIN.port}`];
  const argv =
    setting === 'http'
      ? [`${folder}/origin`, ...at, `${bodyBytes}`]
      : [`${folder}/tcp-origin`, ...at, `${ORIGIN.socksPort}`];
  const origin = start(['ip', 'netns', 'exec', netns, ...argv], `${folder}/origin`);
  await waitFor('the origin listens', () => origin.stdout().includes('listening'), { told: origin.stderr });
  return origin;
}

/** Thousands of connections a second: ports and conntrack entries must come back before they run out. */
async function widen(netns: string): Promise<void> {
  const settings = [
    'net.ipv4.ip_local_port_range=1024 65000',
    'net.ipv4.tcp_tw_reuse=1',
    'net.core.somaxconn=8192',
    'net.netfilter.nf_conntrack_tcp_timeout_time_wait=1',
  ];
  await must(['ip', 'netns', 'exec', netns, 'sysctl', '-q', '-w', ...settings]);
}

function prepareFrom(entrants: readonly Entrant[]): Stage['prepare'] {
  let last: Purpose = 'connections';
  const warm = new Set<string>();
  return async (load) => {
    const purpose = purposeOf(load);
    const stale = ({ contender }: Entrant): boolean =>
      purpose === 'idle' ? contender.start !== undefined : purpose !== last && contender.tuned;
    await Promise.all(entrants.filter(stale).map((entrant) => entrant.restart(purpose)));
    if (purpose === 'idle' || purpose !== last) warm.clear();
    last = purpose;
    await Promise.all(entrants.map((entrant) => entrant.prove()));
    const kind = load.kind === 'stream' ? `${load.way}-${load.streams}` : load.kind;
    const isCold = !warm.has(kind);
    warm.add(kind);
    return isCold;
  };
}

async function endAll(lab: string, entrants: readonly Entrant[]): Promise<void> {
  await Promise.all(entrants.map((entrant) => entrant.end()));
  removeLab(lab);
}
