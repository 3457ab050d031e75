import { existsSync, readFileSync } from 'node:fs';
import { awaitAccessLine } from './access-line.ts';
import { type AccessLine, type Agent, type RoleOptions, readAccessLines, startRole } from './agent.ts';
import type { Pod } from './topology.ts';

export type StartGateway = RoleOptions & {
  /** Where it runs; one gateway to a pod. */
  readonly pod: string;
  /** `NAMESPACE/NAME`; istio-system/istio-egressgateway if not given. */
  readonly name?: string;
  /** What selectors of Gateway resources see; `istio: egressgateway` if not given. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Whether what the agent dials from is among `--trusted-peers`; true if not given. */
  readonly trusted?: boolean;
  /** `--cluster-cidr`: all pods if not given. */
  readonly clusterCidr?: string;
  /** Written to the lab's config folder before the start. */
  readonly config?: Readonly<Record<string, string | null>>;
};

/** A running gateway. Its access log outlives it, and is another for each that is started. */
export type Gateway = Agent & {
  readonly accessLog: string;
  /** As it stands in the file: for formats that are no JSON. */
  readonly accessText: () => string;
  readonly accessLines: () => readonly AccessLine[];
  /** The first access line that fits, as soon as it is there. */
  readonly accessLine: (fits: (line: AccessLine) => boolean, limitMs?: number) => Promise<AccessLine>;
};

/** What the pods of a lab lie in. */
export const CLUSTER_CIDR = '198.18.0.0/15,fd00::/8';
let started = 0;

/** `weir-agent gateway` in this pod's namespace, as a user would start it; ready (:15021) when it returns. */
export async function startGateway(pod: Pod, folder: string, config: string, options: StartGateway): Promise<Gateway> {
  const { name = 'istio-system/istio-egressgateway', trusted = true, clusterCidr = CLUSTER_CIDR } = options;
  const { labels = { istio: 'egressgateway' } } = options;
  const accessLog = `${folder}/gateway-${++started}.access.log`;
  const labelled = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  const own = [
    '--name',
    name,
    '--cluster-cidr',
    clusterCidr,
    ...(labelled.length > 0 ? ['--labels', labelled.join(',')] : []),
    ...(trusted ? ['--trusted-peers', `${pod.node.v4}/32,${pod.node.v6}/128`] : []),
  ];
  const agent = await startRole(pod.netns, folder, ['gateway', ...own], { config, accessLog }, options);
  return {
    ...agent,
    accessLog,
    accessText: () => (existsSync(accessLog) ? readFileSync(accessLog, 'utf8') : ''),
    accessLines: () => readAccessLines(accessLog),
    accessLine: (fits, limitMs) => awaitAccessLine(accessLog, fits, limitMs),
  };
}
