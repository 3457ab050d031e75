import { type Endpoint, type IpAddress, parseIp } from '../model/address.ts';
import { type Cidr, parseCidr } from '../model/cidr.ts';
import { isLabel, isSubdomain } from '../model/kube-name.ts';
import { parsePort } from '../model/port.ts';

/** What both roles are set by; nothing else of the agent reads argv or the environment. */
export type CommonConfig = {
  readonly configDir: string;
  /** Empty: those of the machine's resolv.conf. */
  readonly resolvers: readonly Endpoint[];
  readonly accessLog: { readonly path: string; readonly format: AccessLogFormat };
  readonly clusterCidrs: readonly Cidr[];
  readonly sniffDeadlineMs: number;
  readonly firstByteTimeoutMs: number;
  readonly threads: number;
  /** Requests that a verdict covers pass without asking. */
  readonly lease: boolean;
  /** Answers tell how long their upstream took. */
  readonly upstreamTime: boolean;
};

/**
 * `json`: the 24 keys of `asm` and six of our own. `asm`: the mesh log of Alibaba Cloud Service Mesh (Envoy's JSON).
 * `envoy-text`: Istio's text format since 1.9. `istio-1.0`: that of Istio 1.0 and 1.1.
 */
export const ACCESS_LOG_FORMATS = ['json', 'asm', 'envoy-text', 'istio-1.0'] as const;
export type AccessLogFormat = (typeof ACCESS_LOG_FORMATS)[number];

/** What the command line gave, as strings; lists are comma separated and may be repeated. */
export type RawCommonConfig = {
  readonly config: string | undefined;
  readonly resolver: readonly string[];
  readonly accessLog: string;
  readonly accessLogFormat: string;
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

/** Notes a problem, with the option and what was expected. */
export type Complain = (message: string) => undefined;

/** Whole only if nothing was complained about; undefined: something was. `cores` is the default number of threads. */
export function parseCommonConfig(raw: RawCommonConfig, cores: number, complain: Complain): CommonConfig | undefined {
  if (raw.config === undefined || raw.config === '') complain('--config: expected a folder of YAML files');
  const resolvers = commaSeparated(raw.resolver).map(
    (word) => resolverAt(word) ?? complain(`--resolver: expected an IP address, not "${word}"`),
  );
  const clusterCidrs = cidrs('--cluster-cidr', raw.clusterCidr, complain);
  const format =
    ACCESS_LOG_FORMATS.find((each) => each === raw.accessLogFormat) ??
    complain(`--access-log-format: expected one of ${ACCESS_LOG_FORMATS.join(', ')}, not "${raw.accessLogFormat}"`);
  const sniffDeadlineMs = wholeNumber('--sniff-deadline', raw.sniffDeadline, 1, 60_000, 'milliseconds', complain);
  const firstByteS = wholeNumber('--first-byte-timeout', raw.firstByteTimeout, 1, 3_600, 'seconds', complain);
  const threads = raw.threads === undefined ? cores : wholeNumber('--threads', raw.threads, 1, 64, 'threads', complain);
  if (raw.lease !== 'on' && raw.lease !== 'off') complain(`--lease: expected on or off, not "${raw.lease}"`);
  if (!raw.config || !format || !sniffDeadlineMs || !firstByteS || !threads) return undefined;
  return {
    configDir: raw.config,
    resolvers: resolvers.filter((each) => each !== undefined),
    accessLog: { path: raw.accessLog, format },
    clusterCidrs,
    sniffDeadlineMs,
    firstByteTimeoutMs: firstByteS * 1000,
    threads,
    lease: raw.lease === 'on',
    upstreamTime: raw.upstreamTime,
  };
}

/** `NS/POD`, an RFC 1123 label and a subdomain as Kubernetes has them; undefined for anything else. */
export function parseWorkloadName(text: string): { readonly namespace: string; readonly pod: string } | undefined {
  const [namespace = '', pod = '', ...more] = text.split('/');
  return more.length === 0 && isLabel(namespace) && isSubdomain(pod) ? { namespace, pod } : undefined;
}

/** Those of the list that can be read; the others are complained about. */
export function cidrs(option: string, list: readonly string[], complain: Complain): readonly Cidr[] {
  return commaSeparated(list)
    .map((word) => parseCidr(word) ?? complain(`${option}: expected a CIDR, not "${word}"`))
    .filter((each) => each !== undefined);
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
