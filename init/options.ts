import type { IpAddress } from '../agent/model/address.ts';
import type { Cidr } from '../agent/model/cidr.ts';
import type { Port } from '../agent/model/port.ts';
import { commandLine, HELP_HINT, type RawOptions, RULE_OPTIONS } from './command-line.ts';
import { choice, cidrs, ips, type Problems, port, ports, uids } from './fields.ts';

const COMMANDS = ['apply', 'remove', 'status', 'verify', 'print'] as const;
type Command = (typeof COMMANDS)[number];

/** What decides the rules; recorded in the namespace at apply. */
export type PlanOptions = {
  readonly scope: 'pod';
  readonly mode: 'redirect';
  readonly port: Port;
  readonly clusterCidrs: readonly Cidr[];
  readonly excludePorts: readonly Port[];
  readonly excludeCidrs: readonly Cidr[];
  readonly excludeUids: readonly number[];
  readonly includePorts: readonly Port[];
  readonly includeCidrs: readonly Cidr[];
  readonly dnsServers: readonly IpAddress[];
  readonly quic: 'reject' | 'allow';
  readonly uncaptured: 'allow' | 'reject';
};

export type InitOptions = {
  readonly command: Command;
  /** Path of a network namespace, undefined for our own. */
  readonly netns: string | undefined;
  readonly backend: 'auto' | 'nft' | 'legacy';
  readonly json: boolean;
  readonly plan: PlanOptions;
  /** Whether any option of `plan` was given: if not, status, verify and remove go by what the last apply recorded. */
  readonly planGiven: boolean;
};

export type Parsed =
  | { readonly kind: 'options'; readonly options: InitOptions }
  | { readonly kind: 'print'; readonly text: string }
  | { readonly kind: 'problems'; readonly problems: readonly string[] };

/**
 * Everything from outside that options depend on. `nameservers` gives the servers of the resolv.conf that belongs to the
 * namespace at that path; it is asked only if `--dns-servers` is not given. `version` is that of the package; the commit is told by the script that started us, in WEIR_COMMIT.
 */
export type Surroundings = {
  /** process.env if not given. */
  readonly env?: NodeJS.ProcessEnv;
  readonly nameservers: (netns: string | undefined) => readonly IpAddress[];
  readonly version: string;
};

/** argv without node and script; WEIR_INIT_… variables stand in for options not given. All problems at once. */
export async function parseOptions(argv: readonly string[], outside: Surroundings): Promise<Parsed> {
  const env = outside.env ?? process.env;
  const line = await commandLine(argv, env, `weir-init ${outside.version} (commit ${env['WEIR_COMMIT'] ?? 'unknown'})`);
  if (line.text !== undefined) return { kind: 'print', text: line.text };
  const problems = new Set<string>(line.problems);
  const options = read(line.raw, outside, problems);
  if (options !== undefined && problems.size === 0) return { kind: 'options', options };
  return { kind: 'problems', problems: [...problems, HELP_HINT] };
}

function read(raw: RawOptions, outside: Surroundings, problems: Problems): InitOptions | undefined {
  const command = COMMANDS.find((name) => name === raw.commands[0]);
  if (command === undefined || raw.commands.length > 1) {
    const given = raw.commands.length === 0 ? 'none' : raw.commands.join(' ');
    problems.add(`exactly one command of ${COMMANDS.join(', ')} is needed, given: ${given}`);
  }
  const netns = raw.values.get('netns');
  if (netns === '') problems.add('--netns: a path is needed');
  const plan = readPlan(raw.values, () => outside.nameservers(netns), problems);
  const backend = choice(raw.values, 'backend', ['auto', 'nft', 'legacy'], problems);
  if (command === undefined) return undefined;
  const planGiven = RULE_OPTIONS.some((name) => raw.values.has(name));
  return Object.freeze({ command, netns, backend, json: raw.json, plan, planGiven });
}

function readPlan(
  values: ReadonlyMap<string, string>,
  nameservers: () => readonly IpAddress[],
  problems: Problems,
): PlanOptions {
  refuseLater(values, problems);
  return Object.freeze({
    scope: 'pod',
    mode: 'redirect',
    port: port(values, problems),
    clusterCidrs: cidrs(values, 'cluster-cidr', problems),
    excludePorts: ports(values, 'exclude-ports', problems),
    excludeCidrs: cidrs(values, 'exclude-cidrs', problems),
    excludeUids: uids(values, 'exclude-uids', problems),
    includePorts: ports(values, 'include-ports', problems),
    includeCidrs: cidrs(values, 'include-cidrs', problems),
    dnsServers: values.has('dns-servers') ? ips(values, 'dns-servers', problems) : nameservers(),
    quic: choice(values, 'quic', ['reject', 'allow'], problems),
    uncaptured: choice(values, 'uncaptured', ['allow', 'reject'], problems),
  });
}

/** Known words that no version programs yet are refused by name, rather than treated as something else. */
function refuseLater(values: ReadonlyMap<string, string>, problems: Problems): void {
  const scope = choice(values, 'scope', ['pod', 'node', 'host'], problems);
  const mode = choice(values, 'mode', scope === 'node' ? ['tproxy', 'redirect'] : ['redirect', 'tproxy'], problems);
  if (scope !== 'pod') problems.add(`--scope ${scope} is not available yet: this version programs scope pod`);
  else if (mode !== 'redirect')
    problems.add(`--mode ${mode} is not available yet: this version programs mode redirect`);
}
