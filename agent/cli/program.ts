import yargs from 'yargs';
import { EXIT } from '../../init/contract.ts';
import { type AgentConfig, parseAgentConfig } from '../config/agent-config.ts';
import { StartFailure } from '../roles/start-failure.ts';
import { runCheck } from './check.ts';
import { runExplain } from './explain.ts';
import { versionText } from './version.ts';

/** What the program needs of its process. */
export type Surroundings = {
  /** The folder that holds package.json. */
  readonly root: URL;
  readonly cores: number;
  /** Aborted when the process is asked to stop. */
  readonly stop: AbortSignal;
  readonly onReopenLogs: (reopen: () => void) => void;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
};

/** Runs one command and gives the exit code; 64 for a command line that cannot be understood, with every reason. */
export async function runProgram(argv: readonly string[], surroundings: Surroundings): Promise<number> {
  const { out, err, root } = surroundings;
  let code: number | undefined;
  const wrong = (message: string): number => {
    err(`weir-agent: ${message}\nTry: weir-agent --help\n`);
    return EXIT.usage;
  };
  const program = yargs([...argv])
    .scriptName('weir-agent')
    .usage('$0 COMMAND\n\nJudges the connections that weir-init redirects, refuses them or relays them.')
    .command('run', 'capture, judge, refuse or relay', runOptions, async (args) => {
      const parsed = parseAgentConfig(args, surroundings.cores);
      if (!parsed.ok) {
        code = wrong(parsed.problems.join('\nweir-agent: '));
        return;
      }
      code = await run(parsed.value, surroundings);
    })
    .command('check', 'find what is wrong with a folder of resources', checkOptions, async (args) => {
      const result = await runCheck(args);
      out(result.output);
      code = result.code;
    })
    .command(
      'explain',
      'tell which resource decides about a call, and what would allow it',
      explainOptions,
      async (args) => {
        const result = await runExplain(args);
        (result.code === EXIT.ok ? out : err)(result.output);
        code = result.code;
      },
    )
    .demandCommand(1, 'expected a command: run, check or explain')
    .strictCommands()
    .strict()
    .parserConfiguration({
      'parse-numbers': false,
      'parse-positional-numbers': false,
      'duplicate-arguments-array': true,
    })
    .check((args) => refuseRepeats(args))
    .version(argv.includes('--version') ? `weir-agent ${versionText(root)}` : '') // it asks git: only if it is wanted
    .help()
    .alias('help', 'h')
    .wrap(110)
    .exitProcess(false)
    .fail((message: string | null, error: Error | undefined) => {
      if (error && error.name !== 'YError') throw error; // thrown by a command, not by yargs
      throw new UsageError(message ?? error?.message ?? 'the command line cannot be understood');
    });
  try {
    await program.parseAsync();
  } catch (thrown) {
    if (!(thrown instanceof UsageError)) throw thrown;
    return wrong(thrown.message);
  }
  return code ?? EXIT.ok;
}

/** The addon is loaded here alone: the other commands do without it. */
async function run(config: AgentConfig, { root, stop, onReopenLogs, err }: Surroundings): Promise<number> {
  const { runNode } = await import('../roles/node.ts');
  try {
    await runNode(config, versionText(root), { stop, onReopenLogs });
    return EXIT.ok;
  } catch (thrown) {
    if (!(thrown instanceof StartFailure)) throw thrown;
    err(`weir-agent: ${thrown.message}\n`);
    return thrown.exitCode;
  }
}

class UsageError extends Error {}

/** An option that takes one value and is given twice: which one was meant is not ours to guess. */
function refuseRepeats(args: Readonly<Record<string, unknown>>): true {
  const twice = Object.entries(args).filter(
    ([name, value]) => Array.isArray(value) && !LISTS.has(name) && name !== '_',
  );
  const [first] = twice;
  if (first)
    throw new UsageError(
      `--${first[0]} is given ${Array.isArray(first[1]) ? first[1].length : 2} times: expected once`,
    );
  return true;
}

const LISTS: ReadonlySet<string> = new Set([
  'netns',
  'workload',
  'resolver',
  'cluster-cidr',
  'clusterCidr',
  'header',
  'alpn',
]);

const list = { type: 'string', array: true, default: [] as string[], nargs: 1, requiresArg: true } as const;
const text = { type: 'string', requiresArg: true } as const;

function runOptions(y: ReturnType<typeof yargs>) {
  return y
    .option('config', { ...text, demandOption: true, describe: 'folder of YAML resources; watched' })
    .option('scope', { ...text, default: 'pod', describe: 'where interception sits: pod (node and host: later)' })
    .option('netns', { ...list, describe: 'network namespace to listen in; pairs with --workload' })
    .option('workload', { ...list, describe: 'NS/POD that the namespace belongs to' })
    .option('resolver', { ...list, describe: 'name servers; default: those of resolv.conf' })
    .option('access-log', { ...text, default: '-', describe: 'file, or - for standard output; SIGHUP reopens it' })
    .option('access-log-format', { ...text, default: 'json', describe: 'json, asm, envoy-text or istio-1.0' })
    .option('port', { ...text, default: '15001', describe: 'port of the listeners' })
    .option('cluster-cidr', { ...list, describe: "the cluster's pod and service ranges: never dialled" })
    .option('sniff-deadline', {
      ...text,
      default: '300',
      describe: 'ms to wait for first bytes if a rule without names could admit',
    })
    .option('first-byte-timeout', { ...text, default: '30', describe: 'seconds to wait for first bytes otherwise' })
    .option('lease', {
      ...text,
      default: 'on',
      describe: 'on: requests that the last verdict covers pass without asking; off: every one is asked',
    })
    .option('upstream-time', {
      type: 'boolean',
      default: true,
      describe: 'answers carry x-envoy-upstream-service-time; --no-upstream-time: they pass unchanged',
    })
    .option('threads', { ...text, describe: 'threads that move bytes; default: one a core' })
    .example(
      '$0 run --config policy/ --netns /run/netns/web --workload shop/web-0',
      'judge what leaves the namespace "web" as the pod web-0 of namespace shop',
    )
    .epilogue(
      'Nothing in the folder: REGISTRY_ONLY, everything is refused. SIGTERM lets live flows finish for 5 s. Exit: 0 stopped; 64 bad options; 69 cannot start: addon, privilege or namespace missing.',
    );
}

function checkOptions(y: ReturnType<typeof yargs>) {
  return y
    .option('config', { ...text, demandOption: true, describe: 'folder of YAML resources' })
    .option('strict', { type: 'boolean', default: false, describe: 'exit 1 if there are warnings' })
    .option('json', { type: 'boolean', default: false, describe: 'machine-readable' })
    .example('$0 check --config policy/ --strict', 'for a pipeline: 0 clean, 1 warnings, 2 errors');
}

function explainOptions(y: ReturnType<typeof yargs>) {
  return y
    .option('config', { ...text, demandOption: true, describe: 'folder of YAML resources' })
    .option('from', { ...text, demandOption: true, describe: 'NS/POD, or an address that a Pod resource has' })
    .option('to', { ...text, demandOption: true, describe: 'HOST:PORT, IP:PORT or [V6]:PORT' })
    .option('host', { ...text, describe: 'Host header: the call is plaintext HTTP' })
    .option('method', { ...text, describe: 'method: the call is plaintext HTTP' })
    .option('path', { ...text, describe: 'path of the request' })
    .option('header', { ...list, describe: "header of the request, 'Name: value'" })
    .option('sni', { ...text, describe: 'server name: the call is TLS' })
    .option('alpn', { ...list, describe: 'protocols that the TLS client offers' })
    .option('cluster-cidr', { ...list, describe: "the cluster's pod and service ranges" })
    .option('hop', { ...text, default: 'mesh', describe: 'who decides: mesh, or gateway:NS/NAME (later)' })
    .option('json', { type: 'boolean', default: false, describe: 'machine-readable' })
    .example(
      '$0 explain --config policy/ --from shop/web-0 --to api.example:80 --host api.example',
      'a call of curl http://api.example',
    )
    .example(
      '$0 explain --config policy/ --from shop/web-0 --to api.example:443 --sni api.example',
      'the same by https',
    )
    .epilogue(
      'Without --host, --method and --sni the call is opaque TCP. No DNS is asked; a host name in --to stands for one of its addresses.',
    );
}
