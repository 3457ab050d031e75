import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { makeNamespaces } from '../support/lab/namespaces.ts';
import { must, type Running, start } from '../support/lab/run.ts';
import { claim, removeAtExit, removeLab, removeStaleLabs } from '../support/lab/teardown.ts';
import { podAt } from '../support/lab/topology.ts';
import { waitFor } from '../support/lab/wait.ts';
import { type Contender, HOST, ORIGIN } from './contender.ts';
import type { BenchOptions } from './options.ts';

/** A contender that is up, in a pod of its own, proved to be captured. */
export type Entrant = {
  readonly contender: Contender;
  readonly netns: string;
  readonly logFile: string;
  /** undefined for direct. */
  readonly running: Running | undefined;
};

export type Stage = {
  /** Where the compiled programs stand. */
  readonly folder: string;
  readonly origin: Running;
  readonly entrants: readonly Entrant[];
  readonly close: () => Promise<void>;
};

/**
 * One pod for each contender, a node where they all run and dial, an outside world with the origin. All pods but that of
 * `direct` have the same rules, by `weir-init apply` as a user runs it. Must be root; nothing stays behind.
 */
export async function makeStage(
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
    await makeNamespaces({ pods, node: `${lab}-node`, ext: `${lab}-ext`, origins: [ORIGIN.ip] });
    await must([fileURLToPath(new URL('programs/build', import.meta.url)), folder]);
    for (const netns of [`${lab}-node`, `${lab}-ext`, ...pods.map((pod) => pod.netns)]) await widen(netns);
    const origin = start(
      ['ip', 'netns', 'exec', `${lab}-ext`, `${folder}/origin`, ORIGIN.ip, `${ORIGIN.port}`, `${bodyBytes}`],
      `${folder}/origin`,
    );
    await waitFor('the origin listens', () => origin.stdout().includes('listening'), { told: origin.stderr });
    const entrants: Entrant[] = [];
    for (const [index, contender] of contenders.entries()) {
      const netns = pods[index]?.netns ?? '';
      const own = `${folder}/${contender.name}`;
      mkdirSync(own);
      entrants.push(await enter({ contender, netns, node: `${lab}-node`, folder: own, env }));
    }
    return { folder, origin, entrants, close: () => endAll(lab, entrants) };
  } catch (thrown) {
    removeLab(lab);
    throw thrown;
  }
}

/** Thousands of connections a second: ports and conntrack entries must come back before they run out. */
async function widen(netns: string): Promise<void> {
  const settings = [
    'net.ipv4.ip_local_port_range=1024 65000',
    'net.ipv4.tcp_tw_reuse=1',
    'net.netfilter.nf_conntrack_tcp_timeout_time_wait=1',
  ];
  await must(['ip', 'netns', 'exec', netns, 'sysctl', '-q', '-w', ...settings]);
}

type Entering = {
  readonly contender: Contender;
  readonly netns: string;
  readonly node: string;
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
};

/** The rules come first: as long as nobody listens, weir-init proves the capture by a listener of its own. */
async function enter({ contender, netns, node, folder, env: more }: Entering): Promise<Entrant> {
  const logFile = `${folder}.log`;
  if (!contender.start) return { contender, netns, logFile, running: undefined };
  await must(['ip', 'netns', 'exec', node, INIT, 'apply', '--netns', `/run/netns/${netns}`]);
  const { argv, env } = contender.start({ netns, logFile, folder });
  const running = start(['ip', 'netns', 'exec', node, ...argv], folder, { env: { ...env, ...more } });
  const told = () => `${argv.join(' ')}\n${running.stdout()}${running.stderr()}`;
  await waitFor(`${contender.name} answers`, async () => (await statusOf(netns, HOST)) === '200', { told });
  const refused = await statusOf(netns, `not-${HOST}`);
  if (contender.judges && refused !== '502') throw new Error(`${contender.name} lets another Host pass: ${refused}`);
  return { contender, netns, logFile, running };
}

async function statusOf(netns: string, host: string): Promise<string> {
  const url = `http://${ORIGIN.ip}:${ORIGIN.port}/`;
  const curl = ['curl', '-s', '-o', '/dev/null', '-w', '%{http_code}', '--max-time', '2', '-H', `Host: ${host}`, url];
  const { stdout } = await must(['ip', 'netns', 'exec', netns, 'sh', '-c', '"$@" || true', 'sh', ...curl]);
  return stdout;
}

/** Asked first, so that profiles are written. */
async function endAll(lab: string, entrants: readonly Entrant[]): Promise<void> {
  for (const { running } of entrants) running?.kill('SIGTERM');
  const ended = () => entrants.every(({ running }) => running === undefined || running.code() !== undefined);
  await waitFor('the contenders have ended', ended).catch(() => {}); // who does not is ended with the lab
  removeLab(lab);
}

const INIT = fileURLToPath(new URL('../../scripts/weir-init', import.meta.url));
