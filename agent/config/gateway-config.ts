import type { Cidr } from '../model/cidr.ts';
import {
  type CommonConfig,
  type Complain,
  cidrs,
  commaSeparated,
  type Parsed,
  parseCommonConfig,
  parseWorkloadName,
  type RawCommonConfig,
} from './common-config.ts';

/** The settings of `weir-agent gateway`, complete and frozen. */
export type GatewayConfig = CommonConfig & {
  readonly namespace: string;
  readonly name: string;
  /** What Gateway resources select it by; undefined: those of its Pod resource. */
  readonly labels: Readonly<Record<string, string>> | undefined;
  /** Agents: they say for whom they speak, and must. */
  readonly trustedPeers: readonly Cidr[];
  /** What origins are told of who asks. */
  readonly forward: { readonly clientAddress: boolean; readonly requestId: boolean };
  readonly localEndpoints: boolean;
};

/** What the command line gave, as strings; lists are comma separated and may be repeated. */
export type RawGatewayConfig = RawCommonConfig & {
  readonly name: string | undefined;
  readonly labels: readonly string[];
  readonly trustedPeers: readonly string[];
  readonly forwardClientAddress: boolean;
  readonly forwardRequestId: boolean;
  readonly allowLocalEndpoints: boolean;
};

/** Every problem at once, each naming the option and what was expected. `cores` is the default number of threads. */
export function parseGatewayConfig(raw: RawGatewayConfig, cores: number): Parsed<GatewayConfig> {
  const problems: string[] = [];
  const complain: Complain = (message) => {
    problems.push(message);
  };
  const name = parseWorkloadName(raw.name ?? '') ?? complain(`--name: expected NS/NAME, not "${raw.name ?? ''}"`);
  const labels = labelsOf(raw.labels, complain);
  const trustedPeers = cidrs('--trusted-peers', raw.trustedPeers, complain);
  const common = parseCommonConfig({ ...raw, clusterCidr: clusterCidrOf(raw, complain) }, cores, complain);
  if (problems.length > 0 || !common || !name) return { ok: false, problems };
  return {
    ok: true,
    value: Object.freeze({
      ...common,
      namespace: name.namespace,
      name: name.pod,
      labels,
      trustedPeers,
      forward: { clientAddress: raw.forwardClientAddress, requestId: raw.forwardRequestId },
      localEndpoints: raw.allowLocalEndpoints,
    }),
  };
}

/** Who is outside is known only if the inside is: leaving it out must not make outside clients of unknown pods. */
function clusterCidrOf({ clusterCidr }: RawGatewayConfig, complain: Complain): readonly string[] {
  const words = commaSeparated(clusterCidr);
  if (words.length === 0) {
    complain("--cluster-cidr: expected the cluster's pod and service ranges, or none where there is no cluster");
  }
  if (words.length > 1 && words.includes('none')) complain('--cluster-cidr: expected none alone, or CIDRs');
  return words.filter((word) => word !== 'none');
}

function labelsOf(list: readonly string[], complain: Complain): GatewayConfig['labels'] {
  const words = commaSeparated(list);
  if (words.length === 0) return undefined;
  const pairs = words.flatMap((word) => {
    const [, key, value] = /^([^=]+)=([^=]*)$/.exec(word) ?? [];
    if (key !== undefined && value !== undefined) return [[key, value] as const];
    return complain(`--labels: expected KEY=VALUE, not "${word}"`) ?? [];
  });
  return Object.fromEntries(pairs);
}
