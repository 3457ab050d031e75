import type { Agent } from '../../test/support/lab/agent.ts';
import { CLUSTER_CIDR } from '../../test/support/lab/gateway.ts';
import type { Lab } from '../../test/support/lab/lab.ts';
import type { Outcome } from '../../test/support/lab/run.ts';
import { waitFor } from '../../test/support/lab/wait.ts';
import { ROOT, type Stage } from './stage.ts';

export type Cast = { readonly lab: Lab; readonly stage: Stage };
type Place = 'pod' | 'node' | 'gateway' | 'ingress' | 'ext';

/** A command as a person types it there, shown with its answer. */
export async function typed({ lab, stage }: Cast, place: Place, command: string): Promise<Outcome> {
  const env = { CURL_CA_BUNDLE: `${lab.folder}/ca.pem` };
  await stage.before(place, command);
  const outcome = await lab.exec(place, ['sh', '-c', command], { cwd: ROOT, env });
  stage.show(place, command, outcome);
  return outcome;
}

export async function startAgent(cast: Cast): Promise<Agent> {
  const args = ['--cluster-cidr', CLUSTER_CIDR];
  return await started(cast, 'node', (before) => cast.lab.startAgent({ args, before }));
}

/** Starts a program, told like a command that is typed there. */
export async function started<T extends Agent>(
  { stage }: Cast,
  place: Place,
  start: (before: (argv: readonly string[]) => Promise<void>) => Promise<T>,
): Promise<T> {
  const asTyped = (argv: readonly string[]) => `${argv.slice(4).join(' ')} &`; // the place tells `ip netns exec NETNS`
  const program = await start((argv) => stage.before(place, asTyped(argv)));
  const { argv, stdout, stderr } = program;
  stage.show(place, asTyped(argv), { argv, code: 0, stdout: stdout(), stderr: stderr() });
  return program;
}

/** Runs a command that changes resources, and waits until the agent has taken them. */
export async function changed(cast: Cast, command: string): Promise<void> {
  const before = await generation(cast.lab, 'node');
  await typed(cast, 'node', command);
  await waitFor('the agent takes the new resources', async () => (await generation(cast.lab, 'node')) !== before);
}

export function podPath(lab: Lab): string {
  return `/run/netns/${lab.netns('pod')}`;
}

/** The number of the registry that is in force, as the agent's metrics tell it. */
export async function generation(lab: Lab, place: Place): Promise<string> {
  const metrics = await lab.exec(place, ['curl', '-s', 'http://127.0.0.1:15020/metrics']);
  return /^weir_registry_generation (\d+)/m.exec(metrics.stdout)?.[1] ?? 'unknown';
}

export function refusalText({ stdout, code }: Outcome): string {
  if (code !== 0) return `curl exits ${code}`;
  return `${statusText(stdout)}, server: ${header(stdout, 'server')}, x-weir-reason: ${header(stdout, 'x-weir-reason')}`;
}

export function redirectText({ stdout, code }: Outcome): string {
  return code === 0 ? `${statusText(stdout)}, location: ${header(stdout, 'location')}` : `curl exits ${code}`;
}

export function exitText({ code }: Outcome): string {
  return `curl exits ${code}${code === 7 ? ' (connection refused)' : ''}`;
}

function statusText(answer: string): string {
  return /^HTTP\/\S+ ([^\r\n]*)/.exec(answer)?.[1]?.trim() ?? 'no status';
}

function header(answer: string, name: string): string {
  return new RegExp(`^${name}: *([^\\r\\n]*)`, 'im').exec(answer)?.[1] ?? 'none';
}

export function requestsText(lab: Lab, name: string): string {
  const requests = lab.origin(name).flatMap((connection) => connection.requests);
  return requests.map(({ method, authority, path }) => `${method} ${authority}${path}`).join(', ') || 'nothing';
}

export function remedyText({ stdout }: Outcome): string {
  const offers = /kind: ServiceEntry/.test(stdout) && /^ *- "?aliyun\.com"?$/m.test(stdout);
  return offers ? 'ServiceEntry for aliyun.com' : 'no resource';
}
