import yargs from 'yargs';

/** `values` holds what was given, by option name without dashes; a list given twice is joined by commas. */
export type RawOptions = {
  readonly commands: readonly string[];
  readonly values: ReadonlyMap<string, string>;
  readonly json: boolean;
};

/** Either `text` (help or version, to be printed) or what was given, with what the grammar already found wrong. */
export type CommandLine = {
  readonly text: string | undefined;
  readonly raw: RawOptions;
  readonly problems: readonly string[];
};

export const HELP_HINT = "'weir-init --help' shows all options";

const ENV_PREFIX = 'WEIR_INIT';

const LISTS = [
  'cluster-cidr',
  'exclude-ports',
  'exclude-cidrs',
  'exclude-uids',
  'include-ports',
  'include-cidrs',
] as const;

/** The options that decide the rules. */
export const RULE_OPTIONS = ['scope', 'mode', 'port', ...LISTS, 'dns-servers', 'quic', 'uncaptured'] as const;

const DESCRIPTIONS = {
  scope: 'where interception sits: pod (node, host: later)  [pod]',
  mode: 'how a packet is turned: redirect (tproxy: later)  [redirect]',
  netns: 'network namespace to act in, e.g. /run/netns/NAME  [our own]',
  port: 'port of the agent on 127.0.0.1 and ::1  [15001]',
  'cluster-cidr': "the cluster's own pod and service ranges, left alone",
  'exclude-ports': 'TCP and UDP ports left alone; an exclusion beats an inclusion',
  'exclude-cidrs': 'ranges left alone',
  'exclude-uids': 'users whose connections are left alone, by number',
  'include-ports': 'capture only these TCP ports (and the included ranges)',
  'include-cidrs': 'capture only these ranges (and the included ports)',
  'dns-servers': "servers to which port 53 is left alone  [the namespace's resolv.conf]",
  quic: 'UDP/443: reject, so that clients fall back to TCP, or allow  [reject]',
  uncaptured: 'other UDP, ICMP and every other protocol: allow or reject  [allow]',
  backend: 'auto, nft or legacy iptables  [auto]',
} as const;

const EXAMPLES = [
  ['show what would be programmed; needs no root', '$0 print --cluster-cidr 10.0.0.0/8'],
  ['capture all TCP of that namespace', '$0 apply --netns /run/netns/web'],
  [
    'in the pod itself, as an init container is: leave pods and services alone',
    '$0 apply --cluster-cidr 10.96.0.0/12,10.244.0.0/16,fd00::/8',
  ],
  ['there too: nothing leaves but captured TCP, and DNS to its name servers', '$0 apply --uncaptured reject'],
  ['what is in place, what is missing, what is not captured', '$0 status --netns /run/netns/web --json'],
  ['prove for both families that a connection arrives at the listener', '$0 verify --netns /run/netns/web'],
  ['undo exactly what was applied', '$0 remove --netns /run/netns/web'],
] as const;

const EPILOGUE = `Lists are separated by commas. Each option can be set as ${ENV_PREFIX}_NAME, e.g. ${ENV_PREFIX}_CLUSTER_CIDR.
status, verify and remove go by the options of the last apply unless options are given.
Exit: 0 done; 1 status: nothing in place; 64 bad options; 69 tool, kernel feature or privilege missing; 70 failed;
75 another program holds the lock; 126 status: partly in place, or the capture could not be proved.`;

/** The grammar only: unknown options and options given twice are problems here, values are read elsewhere. */
export async function commandLine(
  argv: readonly string[],
  env: NodeJS.ProcessEnv,
  version: string,
): Promise<CommandLine> {
  const problems: string[] = [];
  let text: string | undefined;
  const parsed = await grammar(version)
    .fail((message) => problems.push(...message.split('\n')))
    .parse([...argv], {}, (_error, _parsed, output) => {
      if (output !== '') text = output;
    });
  const fields: Record<string, unknown> = { ...fromEnv(env), ...parsed };
  const values = new Map<string, string>();
  for (const name of Object.keys(DESCRIPTIONS)) {
    const value = fields[name];
    if (value === undefined) continue;
    const all = (Array.isArray(value) ? value : [value]).map(String);
    if (all.length > 1 && !takesList(name)) problems.push(`--${name} is given ${all.length} times`);
    values.set(name, all.join(','));
  }
  const commands = parsed._.map(String);
  return { text, raw: { commands, values, json: fields['json'] === true || fields['json'] === 'true' }, problems };
}

function grammar(version: string) {
  const options = Object.entries(DESCRIPTIONS).map(([name, describe]) => [name, { type: 'string', describe }] as const);
  return yargs()
    .scriptName('weir-init')
    .usage('$0 COMMAND [options]\n\nPrograms the rules that make every connection of a namespace pass the agent.')
    .usage('Commands:\n  apply   program the rules, then verify\n  remove  undo exactly what was applied')
    .usage('  status  what is in place\n  verify  prove that connections are captured\n  print   show the rules only')
    .options(Object.fromEntries(options))
    .option('json', { type: 'boolean', describe: 'one JSON object on standard output' })
    .example(EXAMPLES.map(([what, command]): [string, string] => [`# ${what}\n${command}`, '']))
    .epilogue(EPILOGUE)
    .version(version)
    .help()
    .wrap(118)
    .exitProcess(false)
    .strictOptions()
    .parserConfiguration({ 'camel-case-expansion': false, 'parse-numbers': false, 'parse-positional-numbers': false });
}

function fromEnv(env: NodeJS.ProcessEnv): Record<string, string> {
  const named = [...Object.keys(DESCRIPTIONS), 'json'].map(
    (name) => [name, env[`${ENV_PREFIX}_${name.toUpperCase().replaceAll('-', '_')}`]] as const,
  );
  return Object.fromEntries(named.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}

function takesList(name: string): boolean {
  return name === 'dns-servers' || LISTS.some((list) => list === name);
}
