import yargs from 'yargs';
import { EXIT } from '../../init/contract.ts';
import { parseAgentConfig } from '../config/agent-config.ts';
import type { CommonConfig, Parsed } from '../config/common-config.ts';
import { parseGatewayConfig } from '../config/gateway-config.ts';
import type { Role } from '../roles/role.ts';
import { StartFailure } from '../roles/start-failure.ts';
import { runCheck } from './check.ts';
import { runExplain } from './explain.ts';
import { gatewayOptions, list, off, runOptions, text } from './role-options.ts';
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
  const started = async <C extends CommonConfig>(parsed: Parsed<C>, roleOf: (config: C) => Role): Promise<number> =>
    parsed.ok ? run(roleOf(parsed.value), parsed.value, surroundings) : wrong(parsed.problems.join('\nweir-agent: '));
  const program = yargs([...argv])
    .scriptName('weir-agent')
    .usage('$0 COMMAND\n\nJudges the connections that weir-init redirects, refuses them or relays them.')
    .command('run', 'beside workloads: capture, judge, refuse or relay', runOptions, async (args) => {
      const { nodeRole } = await import('../roles/node.ts');
      code = await started(parseAgentConfig(args, surroundings.cores), nodeRole);
    })
    .command(
      'gateway',
      'at the edge: take what agents and outside clients send, judge, relay',
      gatewayOptions,
      async (args) => {
        const { gatewayRole } = await import('../roles/gateway.ts');
        code = await started(parseGatewayConfig(args, surroundings.cores), gatewayRole);
      },
    )
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
    .demandCommand(1, 'expected a command: run, gateway, check or explain')
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
async function run(role: Role, config: CommonConfig, { root, stop, onReopenLogs, err }: Surroundings): Promise<number> {
  const { serve } = await import('../roles/serve.ts');
  try {
    await serve(role, config, versionText(root), { stop, onReopenLogs });
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
  'labels',
  'trusted-peers',
  'trustedPeers',
  'header',
  'alpn',
]);

function checkOptions(y: ReturnType<typeof yargs>) {
  return y
    .option('config', { ...text, demandOption: true, describe: 'folder of YAML resources' })
    .option('strict', { type: 'boolean', default: false, describe: 'exit 1 if there are warnings' })
    .option('json', { type: 'boolean', default: false, describe: 'machine-readable' })
    .example('# in a pipeline: exit 0 clean, 1 warnings, 2 errors\n$0 check --config policy/ --strict', '')
    .example('# the same for a program, with what is in force\n$0 check --config policy/ --json', '')
    .epilogue('Reads the folder as the agent does; needs neither root nor an agent. Without --strict warnings exit 0.');
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
    .option('allow-local-endpoints', { ...off, describe: 'the gateway, if one decides, runs with this option' })
    .option('hop', { ...text, default: 'mesh', describe: 'who decides: mesh, or gateway:NS/NAME (its Pod or Service)' })
    .option('json', { type: 'boolean', default: false, describe: 'machine-readable' })
    .example(
      '# curl http://api.example\n' +
        '$0 explain --config policy/ --from shop/web-0 --to api.example:80 --host api.example',
      '',
    )
    .example(
      '# curl https://api.example\n' +
        '$0 explain --config policy/ --from shop/web-0 --to api.example:443 --sni api.example',
      '',
    )
    .example(
      '# a request that routes look into\n' +
        '$0 explain --config policy/ --from shop/web-0 --to api.example:80 --host api.example \\\n' +
        "--method POST --path /v1/orders --header 'X-Tenant: blue'",
      '',
    )
    .example(
      '# a connection that shows no name, for a program\n' +
        '$0 explain --config policy/ --from shop/web-0 --to 203.0.113.7:5432 --json',
      '',
    )
    .example(
      '# what a gateway says to it\n' +
        '$0 explain --config policy/ --from shop/web-0 --to api.example:80 --host api.example \\\n' +
        '--hop gateway:istio-system/egress-0',
      '',
    )
    .epilogue(
      'Without --host, --method and --sni the call is opaque TCP. No DNS is asked; a host name in --to stands for one of its addresses.',
    );
}
