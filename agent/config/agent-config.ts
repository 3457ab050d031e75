import { type Endpoint, type IpAddress, parseIp } from '../model/address.ts';
import { type Cidr, parseCidr } from '../model/cidr.ts';
import { type Port, parsePort } from '../model/port.ts';

/** The settings of `weir-agent run`, complete and frozen; nothing else of the agent reads argv or the environment. */
export type AgentConfig = {
  readonly configDir: string;
  /** Namespaces enrolled from the command line. */
  readonly enrolments: readonly Enrolment[];
  /** Empty: those of the machine's resolv.conf. */
  readonly resolvers: readonly Endpoint[];
  readonly accessLog: { readonly path: string; readonly format: AccessLogFormat };
  readonly port: Port;
  readonly clusterCidrs: readonly Cidr[];
  readonly sniffDeadlineMs: number;
  readonly firstByteTimeoutMs: number;
  readonly threads: number;
  /** Requests that a verdict covers pass without asking. */
  readonly lease: boolean;
  /** Answers tell how long their upstream took. */
  readonly upstreamTime: boolean;
};

type Enrolment = { readonly netns: string; readonly namespace: string; readonly pod: string };

/**
 * `json`: the 24 keys of `asm` and six of our own. `asm`: the mesh log of Alibaba Cloud Service Mesh (Envoy's JSON).
 * `envoy-text`: Istio's text format since 1.9. `istio-1.0`: that of Istio 1.0 and 1.1.
 */
export const ACCESS_LOG_FORMATS = ['json', 'asm', 'envoy-text', 'istio-1.0'] as const;
export type AccessLogFormat = (typeof ACCESS_LOG_FORMATS)[number];

/** What the command line gave, as strings; lists are comma separated and may be repeated. */
export type RawAgentConfig = {
  readonly config: string | undefined;
  readonly scope: string;
  readonly netns: readonly string[];
  readonly workload: readonly string[];
  readonly resolver: readonly string[];
  readonly accessLog: string;
  readonly accessLogFormat: string;
  readonly port: string;
  readonly clusterCidr: readonly string[];
  readonly sniffDeadline: string;
  readonly firstByteTimeout: string;
  readonly threads: string | undefined;
  readonly lease: string;
  readonly upstreamTime: boolean;
};

export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly string[] };

/** Every problem at once, each naming the option and what was expected. `cores` is the default number of threads. */
export function parseAgentConfig(raw: RawAgentConfig, cores: number): Parsed<AgentConfig> {
  const problems: string[] = [];
  const complain = (message: string): undefined => {
    problems.push(message);
  };
  if (raw.config === undefined || raw.config === '') complain('--config: expected a folder of YAML files');
  if (raw.scope === 'node' || raw.scope === 'host')
    complain(`--scope ${raw.scope}: not built yet; this version captures in scope pod`);
  else if (raw.scope !== 'pod') complain(`--scope: expected pod, node or host, not "${raw.scope}"`);
  const enrolments = pairUp(raw, complain);
  const resolvers = commaSeparated(raw.resolver).map(
    (word) => resolverAt(word) ?? complain(`--resolver: expected an IP address, not "${word}"`),
  );
  const cidrs = commaSeparated(raw.clusterCidr).map(
    (word) => parseCidr(word) ?? complain(`--cluster-cidr: expected a CIDR, not "${word}"`),
  );
  const format =
    ACCESS_LOG_FORMATS.find((each) => each === raw.accessLogFormat) ??
    complain(`--access-log-format: expected one of ${ACCESS_LOG_FORMATS.join(', ')}, not "${raw.accessLogFormat}"`);
  const port = parsePort(raw.port) ?? complain(`--port: expected a port from 1 to 65535, not "${raw.port}"`);
  const sniffDeadlineMs = wholeNumber('--sniff-deadline', raw.sniffDeadline, 1, 60_000, 'milliseconds', complain);
  const firstByteS = wholeNumber('--first-byte-timeout', raw.firstByteTimeout, 1, 3_600, 'seconds', complain);
  const threads = raw.threads === undefined ? cores : wholeNumber('--threads', raw.threads, 1, 64, 'threads', complain);
  if (raw.lease !== 'on' && raw.lease !== 'off') complain(`--lease: expected on or off, not "${raw.lease}"`);
  if (problems.length > 0 || !format || !port || !sniffDeadlineMs || !firstByteS || !threads)
    return { ok: false, problems };
  return {
    ok: true,
    value: Object.freeze({
      configDir: raw.config ?? '',
      enrolments,
      resolvers: resolvers.filter((each) => each !== undefined),
      accessLog: { path: raw.accessLog, format },
      port,
      clusterCidrs: cidrs.filter((each) => each !== undefined),
      sniffDeadlineMs,
      firstByteTimeoutMs: firstByteS * 1000,
      threads,
      lease: raw.lease === 'on',
      upstreamTime: raw.upstreamTime,
    }),
  };
}

/** `NS/POD`, an RFC 1123 label and a subdomain as Kubernetes has them; undefined for anything else. */
export function parseWorkloadName(text: string): { readonly namespace: string; readonly pod: string } | undefined {
  const [namespace = '', pod = '', ...more] = text.split('/');
  const isLabel = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(namespace);
  const isSubdomain = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(pod);
  return more.length === 0 && isLabel && isSubdomain ? { namespace, pod } : undefined;
}

type Complain = (message: string) => undefined;

function pairUp(raw: RawAgentConfig, complain: Complain): readonly Enrolment[] {
  if (raw.netns.length !== raw.workload.length || raw.netns.length === 0) {
    complain(
      `scope pod needs pairs of --netns PATH --workload NS/POD: got ${raw.netns.length} --netns and ${raw.workload.length} --workload`,
    );
    return [];
  }
  const seen = new Set<string>();
  return raw.netns.flatMap((netns, at) => {
    const name = parseWorkloadName(raw.workload[at] ?? '');
    if (!name) return complain(`--workload: expected NS/POD in DNS-1123 form, not "${raw.workload[at]}"`) ?? [];
    if (seen.has(netns)) return complain(`--netns ${netns} is given twice`) ?? [];
    seen.add(netns);
    return [{ netns, ...name }];
  });
}

function resolverAt(word: string): Endpoint | undefined {
  const [, bracketed, plain = word, digits = '53'] = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::([0-9]+))?$/.exec(word) ?? [];
  const ip: IpAddress | undefined = parseIp(bracketed ?? plain);
  const port = parsePort(digits);
  return ip && port ? { ip, port } : undefined;
}

/** The parts of a list option, which may be repeated and may hold several, parted by commas. */
export function commaSeparated(list: readonly string[]): readonly string[] {
  return list
    .flatMap((each) => each.split(','))
    .map((each) => each.trim())
    .filter((each) => each !== '');
}

function wholeNumber(
  option: string,
  text: string,
  least: number,
  most: number,
  unit: string,
  complain: Complain,
): number | undefined {
  const value = /^[0-9]{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  return complain(`${option}: expected ${least} to ${most} ${unit}, not "${text}"`);
}
