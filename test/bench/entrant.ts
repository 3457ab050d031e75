import { fileURLToPath } from 'node:url';
import { must, type Running, start } from '../support/lab/run.ts';
import { NODE, type Pod } from '../support/lab/topology.ts';
import { waitFor } from '../support/lab/wait.ts';
import { type Contender, FIELD, FLIGHT_BYTES, HELLO, HOST, ORIGIN, type Purpose, type Setting } from './contender.ts';
import { helloFile } from './load.ts';
import { descriptorLimit, familyOf } from './processor.ts';

/** A contender that is up, in a pod of its own, proved to be captured. */
export type Entrant = {
  readonly contender: Contender;
  readonly netns: string;
  readonly logFile: string;
  /** All of its processes as they are now; none for direct. */
  readonly pids: () => readonly number[];
  /** Ends it and starts it for another purpose; answers when this returns. */
  readonly restart: (purpose: Purpose) => Promise<void>;
  /** Throws unless it is captured as all others are, and every byte and answer arrives. */
  readonly prove: () => Promise<void>;
  /** Asked, so that profiles are written; whoever does not end is ended with the lab. */
  readonly end: () => Promise<void>;
};

export type Entering = {
  readonly contender: Contender;
  readonly setting: Setting;
  readonly pod: Pod;
  readonly gateway: Pod | undefined;
  readonly node: string;
  readonly folder: string;
  readonly programs: string;
  /** Of each HTTP answer. */
  readonly bodyBytes: number;
  readonly env: Readonly<Record<string, string>>;
};

/** The rules come first: as long as nobody listens, weir-init proves the capture by a listener of its own. */
export async function enter(entering: Entering): Promise<Entrant> {
  const { contender, pod, node, folder } = entering;
  if (contender.start) await must([...inside(node), INIT, 'apply', '--netns', `/run/netns/${pod.netns}`]);
  let running: readonly Running[] = [];
  const restart = async (purpose: Purpose): Promise<void> => {
    await end(running);
    running = await startFor(entering, purpose);
  };
  await restart('connections');
  return {
    contender,
    netns: pod.netns,
    logFile: `${folder}.log`,
    pids: () => running.flatMap(({ pid }) => familyOf(pid)),
    restart,
    prove: () => prove(entering),
    end: () => end(running),
  };
}

async function startFor(entering: Entering, purpose: Purpose): Promise<readonly Running[]> {
  const { contender, pod, gateway, node, folder, programs, env } = entering;
  const descriptors = descriptorLimit();
  const place = { pod, gateway, logFile: `${folder}.log`, folder, programs, descriptors, purpose };
  const limited = ['prlimit', `--nofile=${descriptors}:${descriptors}`];
  const running = (contender.start?.(place) ?? []).map((command, index) => {
    const netns = command.at === 'node' ? node : (gateway?.netns ?? '');
    const argv = [...inside(netns), ...limited, ...command.argv];
    return start(argv, `${folder}-${index}`, { env: { ...command.env, ...env } });
  });
  const told = () => running.map((each) => `${each.argv.join(' ')}\n${each.stdout()}${each.stderr()}`).join('\n');
  const answers = async (): Promise<boolean> => {
    if (running.some((each) => each.code() !== undefined)) throw new Error(`${contender.name} ended\n${told()}`);
    return await answersRightly(entering).catch(() => false);
  };
  await waitFor(`${contender.name} answers`, answers, { told, limitMs: 20_000 });
  return running;
}

async function end(running: readonly Running[]): Promise<void> {
  for (const each of running) each.kill('SIGTERM');
  const ended = () => running.every((each) => each.code() !== undefined);
  // One that drains is not waited for: nothing is asked of it any more.
  await waitFor('it has ended', ended, { limitMs: 3_000 }).catch(() => running.forEach((each) => each.kill('SIGKILL')));
  await waitFor('it is dead', ended);
}

async function prove(entering: Entering): Promise<void> {
  const { contender, setting } = entering;
  if (!(await answersRightly(entering))) throw new Error(`${contender.name} is not captured as the others are`);
  if (contender.judges && !(await refuses(entering))) throw new Error(`${contender.name} lets another name pass`);
  if (setting === 'http') return await proveAnswers(entering);
  await ask(entering, ['exchange', '4', '2', '0', '50', ...(setting === 'tls' ? [helloFile(HELLO.file)] : [])]);
  if (setting === 'tls') return;
  // Three streams and an odd length, both ways, each byte compared where it arrives.
  for (const way of ['up', 'down']) await ask(entering, ['stream', way, '3', '1', `${2 ** 20 * 3 + 1}`]);
}

/** Status, framing, each byte of the body and the added field, of every answer on a few kept connections. */
async function proveAnswers(entering: Entering): Promise<void> {
  const { contender, bodyBytes } = entering;
  await ask(entering, ['load', HOST, '4', '2', '0', '50', `${bodyBytes}`, ...(contender.addsField ? [FIELD] : [])]);
}

/** Captured: the origin sees who dialled, or the judge is asked. */
async function answersRightly(entering: Entering): Promise<boolean> {
  const { setting } = entering;
  if (setting === 'http') return (await statusOf(entering.pod.netns, HOST)) === '200';
  if (setting === 'tls') return (await ask(entering, ['who', helloFile(HELLO.file)])) === `${FLIGHT_BYTES}`;
  return (await ask(entering, ['who'])) === diallerOf(entering);
}

function diallerOf({ contender, pod, gateway }: Entering): string {
  if (!contender.start) return pod.v4;
  return gateway ? gateway.v4 : NODE.v4;
}

async function refuses(entering: Entering): Promise<boolean> {
  if (entering.setting === 'http') return (await statusOf(entering.pod.netns, `not-${HOST}`)) === '502';
  // Closed at once, or behind an alert of seven bytes.
  return ['0', '7'].includes(await ask(entering, ['who', helloFile(HELLO.other)]));
}

/** One of our programs in the pod: its name, then what follows the origin's address. */
async function ask({ pod, programs }: Entering, [program = '', ...rest]: readonly string[]): Promise<string> {
  const argv = [...inside(pod.netns), `${programs}/${program}`, ORIGIN.ip, `${ORIGIN.port}`, ...rest];
  return (await must(argv)).stdout.trim();
}

async function statusOf(netns: string, host: string): Promise<string> {
  const url = `http://${ORIGIN.ip}:${ORIGIN.port}/`;
  const curl = ['curl', '-s', '-o', '/dev/null', '-w', '%{http_code}', '--max-time', '2', '-H', `Host: ${host}`, url];
  const { stdout } = await must([...inside(netns), 'sh', '-c', '"$@" || true', 'sh', ...curl]);
  return stdout;
}

function inside(netns: string): readonly string[] {
  return ['ip', 'netns', 'exec', netns];
}

const INIT = fileURLToPath(new URL('../../scripts/weir-init', import.meta.url));
