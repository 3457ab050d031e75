import { cidrs, commaSeparated, parseWorkloadName } from '../config/common-config.ts';
import { directoryOf, sourceAt, workloadAt, workloadNamed } from '../identify/directory.ts';
import { type IpAddress, parseIp } from '../model/address.ts';
import type { Cidr } from '../model/cidr.ts';
import type { Evidence } from '../model/evidence.ts';
import type { FlowFacts, Hop } from '../model/flow.ts';
import { type Hostname, parseAuthority, parseHostname } from '../model/hostname.ts';
import type { Port } from '../model/port.ts';
import { problemText, refText } from '../model/resource.ts';
import type { Source, Workload } from '../model/workload.ts';
import type { Explanation } from '../registry/explain.ts';
import { explainHops } from '../registry/explain-hops.ts';
import { readFolder } from '../sources/files.ts';

/** The options of `weir-agent explain`, as written. */
export type ExplainOptions = {
  readonly config: string;
  readonly from: string;
  readonly to: string;
  readonly host: string | undefined;
  readonly method: string | undefined;
  readonly path: string | undefined;
  readonly header: readonly string[];
  readonly sni: string | undefined;
  readonly alpn: readonly string[];
  readonly clusterCidr: readonly string[];
  readonly allowLocalEndpoints: boolean;
  readonly hop: string;
  readonly json: boolean;
};

export type CommandResult = { readonly code: number; readonly output: string };

/** Answers from what is valid when some documents are not; exit 0 whatever the verdict, 64 for a wrong command line. */
export async function runExplain(options: ExplainOptions): Promise<CommandResult> {
  const question = parseQuestion(options);
  if (!question.ok)
    return { code: 64, output: `${question.problems.map((each) => `weir-agent explain: ${each}`).join('\n')}\n` };
  const loaded = await readFolder(options.config);
  const source = sourceOf(question, loaded.set.workloads);
  const facts: FlowFacts = {
    source,
    // A gateway is dialled at a port of its own; where the client wanted to go it learns from what is said.
    ...(question.hop.kind === 'gateway' ? { listener: question.toPort } : {}),
    destination: { ip: question.hop.kind === 'gateway' ? undefined : question.toIp, port: question.toPort },
    evidence: question.evidence,
    answers: { kind: 'assumed', name: question.toName ?? null },
  };
  const known = {
    addresses: new Set<IpAddress>(),
    clusterCidrs: question.clusterCidrs,
    localEndpoints: options.allowLocalEndpoints,
  };
  const explained = explainHops(loaded.set, question.hop, facts, known, question.toName);
  const answer = {
    ...explained,
    problems: [
      ...loaded.problems.filter(({ severity }) => severity === 'error').map(problemText),
      ...explained.problems,
    ],
  };
  return { code: 0, output: options.json ? `${JSON.stringify(answer, null, 2)}\n` : humanText(options, answer) };
}

type From =
  | { readonly kind: 'pod'; readonly namespace: string; readonly pod: string }
  | { readonly kind: 'ip'; readonly ip: IpAddress };

type Question = {
  readonly hop: Hop;
  readonly from: From;
  readonly toIp: IpAddress | undefined;
  readonly toName: Hostname | undefined;
  readonly toPort: Port;
  readonly evidence: Evidence;
  readonly clusterCidrs: readonly Cidr[];
};

function parseQuestion(
  options: ExplainOptions,
): ({ readonly ok: true } & Question) | { readonly ok: false; readonly problems: readonly string[] } {
  const problems: string[] = [];
  const from = parseFrom(options.from);
  if (!from) problems.push(`--from: expected NS/POD or an IP address, not "${options.from}"`);
  const to = parseAuthority(options.to);
  if (!to?.port) problems.push(`--to: expected HOST:PORT, IP:PORT or [V6]:PORT, not "${options.to}"`);
  if (options.sni !== undefined && (options.host !== undefined || options.method !== undefined)) {
    problems.push('--sni describes a TLS flow, --host and --method a plaintext HTTP one: give one or the other');
  }
  const sni = options.sni === undefined ? undefined : parseHostname(options.sni);
  if (options.sni !== undefined && options.sni !== '' && !sni)
    problems.push(`--sni: expected a host name, not "${options.sni}"`);
  const authority = parseAuthority(options.host ?? options.to);
  if (options.host !== undefined && !authority)
    problems.push(`--host: expected NAME or NAME:PORT, not "${options.host}"`);
  const headers = options.header.map(
    (each) => headerOf(each) ?? (problems.push(`--header: expected 'Name: value', not "${each}"`), undefined),
  );
  if (options.method !== undefined && !isToken(options.method))
    problems.push(`--method: expected one word such as GET, not "${options.method}"`);
  if (options.path !== undefined && !/^(\/[!-~]*|\*)$/.test(options.path))
    problems.push(`--path: expected what follows the host, from "/" on, not "${options.path}"`);
  const clusterCidrs = cidrs('--cluster-cidr', options.clusterCidr, (problem) => void problems.push(problem));
  const hop = parseHop(options.hop);
  if (!hop) problems.push(`--hop: expected mesh or gateway:NS/NAME, not "${options.hop}"`);
  if (!from || !to?.port || !hop || problems.length > 0) return { ok: false, problems };
  const request = {
    method: options.method ?? 'GET',
    authority: options.host === undefined && authority ? { ...authority, port: undefined } : authority,
    target: options.path ?? '/',
    headers: headers.filter((each) => each !== undefined),
  };
  const evidence: Evidence =
    options.sni !== undefined
      ? { kind: 'tls', serverName: sni, alpn: commaSeparated(options.alpn) }
      : options.host !== undefined || options.method !== undefined
        ? { kind: 'http', request }
        : { kind: 'opaque' };
  return {
    ok: true,
    hop,
    from,
    toIp: to.host.kind === 'ip' ? to.host.ip : undefined,
    toName: to.host.kind === 'name' ? to.host.name : undefined,
    toPort: to.port,
    evidence,
    clusterCidrs,
  };
}

function parseHop(text: string): Hop | undefined {
  if (text === 'mesh') return { kind: 'mesh' };
  const named = text.startsWith('gateway:') ? parseWorkloadName(text.slice('gateway:'.length)) : undefined;
  return named && { kind: 'gateway', namespace: named.namespace, name: named.pod };
}

function parseFrom(text: string): From | undefined {
  const ip = parseIp(text);
  if (ip) return { kind: 'ip', ip };
  const name = parseWorkloadName(text);
  return name && { kind: 'pod', ...name };
}

/**
 * An address is who a Pod resource says it is. One that no Pod has is nobody, and nobody is refused; at a gateway it is a
 * client from outside unless it lies in a range of the cluster.
 */
function sourceOf({ from, hop, clusterCidrs }: Question, workloads: readonly Workload[]): Source {
  const directory = directoryOf(workloads);
  if (from.kind === 'pod') return { kind: 'workload', workload: workloadNamed(directory, from.namespace, from.pod) };
  if (hop.kind === 'gateway') return sourceAt(directory, from.ip, clusterCidrs);
  return workloadAt(directory, from.ip) ?? { kind: 'unknown' };
}

function headerOf(text: string): readonly [string, string] | undefined {
  const colon = text.indexOf(':');
  const name = text.slice(0, Math.max(colon, 0));
  return isToken(name) ? [name.toLowerCase(), text.slice(colon + 1).trim()] : undefined;
}

/** RFC 9110 §5.6.2. */
function isToken(text: string): boolean {
  return /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(text);
}

function humanText(options: ExplainOptions, answer: Explanation): string {
  const lines = [
    `${options.from} to ${options.to}: ${answer.verdict === 'allow' ? `allowed, ${answer.via}` : 'refused'} (${answer.reason})`,
    ...(answer.status === null ? [] : [`  the client gets HTTP ${answer.status}`]),
    ...answer.matched.map((ref) => `  decided by ${refText(ref)}`),
    ...answer.trace.map((step) => `  - ${step}`),
    ...answer.problems.map((each) => `  problem: ${each}`),
    ...(answer.remedy === null ? [] : ['', 'This would allow it:', '', answer.remedy]),
  ];
  return `${lines.join('\n')}\n`;
}
