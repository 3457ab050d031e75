import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { keyOf, ORIGINS, type Origin } from '../origins/fixtures.ts';
import { readConnections, type SeenConnection } from '../origins/record.ts';
import { awaitAccessLine } from './access-line.ts';
import { type AccessLine, type Agent, readAccessLines, startAgent, writeResources } from './agent.ts';
import { type Capture, startCapture } from './capture.ts';
import { makeCertificates } from './certificates.ts';
import { startDns } from './dns.ts';
import { type Gateway, type StartGateway, startGateway } from './gateway.ts';
import { makeNamespaces } from './namespaces.ts';
import { startOrigins } from './origins.ts';
import { must, type Outcome, type Running, type RunOptions, run, start } from './run.ts';
import { claim, labFolder, removeAtExit, removeLab, removeStaleLabs } from './teardown.ts';
import { type Pod, podAt, type Topology } from './topology.ts';

export type LabOptions = {
  /** Pods by name; `['pod']` if not given. Pod i has 198.18.(i+1).2 and fd00:(i+1)::2. */
  readonly pods?: readonly string[];
  /** More names for the DNS: name → addresses. */
  readonly names?: Readonly<Record<string, readonly string[]>>;
  /** More arguments for dnsmasq (`--cname=…`). */
  readonly dnsmasq?: readonly string[];
  /** Seconds an answer of the DNS lives; 1 if not given. */
  readonly ttlSeconds?: number;
  /** Told once per step, for whoever waits at a terminal. */
  readonly progress?: (step: string) => void;
  /** The lab's name if not `weir-PID-N`; must start with `weir-`. */
  readonly name?: string;
};

/** `pod`, another pod's name, `node` or `ext`. */
export type Place = string;

/** A small world: pods → node → ext, with real DNS, HTTP, TLS and TCP origins. See README.md beside this file. */
export type Lab = {
  readonly name: string;
  /** For the lab's files; removed with it. */
  readonly folder: string;
  readonly config: string;
  readonly accessLog: string;
  readonly pod: (name?: string) => Pod;
  /** The namespace's name for `ip netns`; its path is /run/netns/NAME. */
  readonly netns: (place: Place) => string;
  /** Runs to its end; never throws for a command that fails. */
  readonly exec: (place: Place, argv: readonly string[], options?: RunOptions) => Promise<Outcome>;
  /** Starts and goes on; ended with the lab at the latest. */
  readonly spawn: (place: Place, argv: readonly string[], options?: Omit<RunOptions, 'limitMs'>) => Running;
  /** Real curl that trusts the lab's CA; 30 s at most unless told otherwise. */
  readonly curl: (place: Place, ...args: readonly string[]) => Promise<Outcome>;
  /** What this origin has seen, by name (`aliyun.com`) or key (`E2`), since the lab began or `forget`. */
  readonly origin: (nameOrKey: string) => readonly SeenConnection[];
  /** What all origins have seen. */
  readonly seen: () => readonly SeenConnection[];
  readonly forget: () => void;
  /** More listeners, anywhere (`node`: what must never be dialled). Recorded like the others, under their key. */
  readonly addOrigins: (place: Place, origins: readonly Origin[]) => Promise<void>;
  readonly setNames: (names: Readonly<Record<string, readonly string[]>>) => Promise<void>;
  readonly dnsQueries: () => readonly string[];
  /** `weir-init COMMAND --netns <the pod's> …` from the node, as a user would. */
  readonly init: (command: string, pod?: string, ...args: readonly string[]) => Promise<Outcome>;
  /** `init apply` that must succeed. */
  readonly applyInit: (args?: readonly string[], pod?: string) => Promise<void>;
  /** Resource files of the agent: name → YAML, null removes. */
  readonly writeConfig: (files: Readonly<Record<string, string | null>>) => void;
  readonly startAgent: (options?: StartAgent) => Promise<Agent>;
  /** `weir-agent gateway` inside a pod that is not captured; ready when it returns. */
  readonly startGateway: (options: StartGateway) => Promise<Gateway>;
  /** The agent's; each gateway has its own. */
  readonly accessLines: () => readonly AccessLine[];
  /** The first access line that fits, as soon as it is there. */
  readonly accessLine: (fits: (line: AccessLine) => boolean, limitMs?: number) => Promise<AccessLine>;
  /** Packets seen in a place from now on, by tcpdump filter. */
  readonly packets: (place: Place, filter: string, device?: string) => Promise<Capture>;
  readonly close: () => Promise<void>;
};

export type StartAgent = {
  /** Written to the config folder before the start. */
  readonly config?: Readonly<Record<string, string | null>>;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Pod name → `NAMESPACE/POD`; the first pod as default/sleep if not given. */
  readonly workloads?: Readonly<Record<string, string>>;
  /** RLIMIT_NOFILE, soft and hard. */
  readonly descriptors?: number;
  readonly limitMs?: number;
  /** Told the whole command line; it is started once this has returned. */
  readonly before?: (argv: readonly string[]) => Promise<void>;
};

const INIT = fileURLToPath(new URL('../../../scripts/weir-init', import.meta.url));
let made = 0;

/** Must be root. If anything fails on the way, nothing stays behind. */
export async function makeLab(options: LabOptions = {}): Promise<Lab> {
  removeStaleLabs();
  const name = options.name ?? `weir-${process.pid}-${++made}`;
  claim(name);
  removeAtExit(name);
  try {
    return await build(name, options);
  } catch (thrown) {
    removeLab(name);
    throw thrown;
  }
}

async function build(name: string, options: LabOptions): Promise<Lab> {
  const { progress = () => {} } = options;
  const folder = labFolder(name);
  const podNames = options.pods ?? ['pod'];
  const pods = podNames.map((pod, index) => podAt(name, pod, index));
  const addresses = ORIGINS.flatMap((origin) => origin.addresses);
  const topology: Topology = { pods, node: `${name}-node`, ext: `${name}-ext`, origins: addresses };
  const config = `${folder}/config`;
  mkdirSync(config);
  progress('network namespaces, certificates');
  const certified = ORIGINS.filter((origin) => origin.services.some(({ kind }) => kind === 'https'));
  const certificates = makeCertificates(folder, new Map(certified.map((origin) => [origin.key, origin.names])));
  await Promise.all([makeNamespaces(topology), certificates]);
  progress('DNS, HTTP and TLS origins');
  const record = `${folder}/origins.jsonl`;
  writeFileSync(record, '');
  const netns = (place: Place) => netnsOf(topology, name, place);
  const [dns] = await Promise.all([
    startDns(topology.ext, folder, namesOf(options.names), options),
    startOrigins(topology.ext, folder, { origins: ORIGINS, certificates: folder, recordFile: record }),
  ]);
  return labOf({ name, folder, config, record, pods, netns, dns });
}

type Made = {
  readonly name: string;
  readonly folder: string;
  readonly config: string;
  readonly record: string;
  readonly pods: readonly Pod[];
  readonly netns: (place: Place) => string;
  readonly dns: Awaited<ReturnType<typeof startDns>>;
};

function labOf({ name, folder, config, record, pods, netns, dns }: Made): Lab {
  const accessLog = `${folder}/access.log`;
  const pod = (wanted?: string) => podOf(pods, wanted);
  const inside = (place: Place, argv: readonly string[]) => ['ip', 'netns', 'exec', netns(place), ...argv];
  const exec: Lab['exec'] = (place, argv, options) => run(inside(place, argv), options);
  const init: Lab['init'] = (command, wanted, ...args) =>
    exec('node', [INIT, command, '--netns', `/run/netns/${pod(wanted).netns}`, ...args]);
  const seen = () => readConnections(record);
  let spawned = 0;
  let closed = false;
  return {
    name,
    folder,
    config,
    accessLog,
    pod,
    netns,
    exec,
    init,
    seen,
    spawn: (place, argv, options) => start(inside(place, argv), `${folder}/spawn-${++spawned}`, options),
    curl: (place, ...args) =>
      exec(place, ['curl', '--max-time', '30', ...args], { env: { CURL_CA_BUNDLE: `${folder}/ca.pem` } }),
    origin: (wanted) => seen().filter((connection) => connection.origin === keyOf(wanted)),
    forget: () => truncateSync(record),
    addOrigins: (place, origins) =>
      startOrigins(netns(place), folder, { origins, certificates: folder, recordFile: record }),
    setNames: (names) => dns.setNames(namesOf(names)),
    dnsQueries: dns.queries,
    applyInit: async (args = [], wanted) => {
      await must(inside('node', [INIT, 'apply', '--netns', `/run/netns/${pod(wanted).netns}`, ...args]));
    },
    writeConfig: (files) => writeResources(config, files),
    startAgent: async ({ config: files = {}, workloads = { [pod().name]: 'default/sleep' }, ...rest } = {}) => {
      writeResources(config, files);
      const enrol = new Map(Object.entries(workloads).map(([wanted, workload]) => [pod(wanted).netns, workload]));
      return await startAgent(netns('node'), folder, { config, accessLog }, { enrol, ...rest });
    },
    startGateway: async ({ config: files = {}, ...options }) => {
      writeResources(config, files);
      return await startGateway(pod(options.pod), folder, config, options);
    },
    accessLines: () => readAccessLines(accessLog),
    accessLine: (fits, limitMs) => awaitAccessLine(accessLog, fits, limitMs),
    packets: (place, filter, device) => startCapture(netns(place), folder, filter, device),
    close: async () => {
      if (!closed) removeLab(name);
      closed = true;
      await Promise.resolve();
    },
  };
}

function netnsOf(topology: Topology, lab: string, place: Place): string {
  if (place === 'node' || place === 'ext') return `${lab}-${place}`;
  return podOf(topology.pods, place).netns;
}

function podOf(pods: readonly Pod[], wanted: string | undefined): Pod {
  const pod = wanted === undefined ? pods[0] : pods.find(({ name }) => name === wanted);
  if (!pod) throw new Error(`no pod ${wanted ?? ''} in this lab`);
  return pod;
}

function namesOf(more: Readonly<Record<string, readonly string[]>> = {}): ReadonlyMap<string, readonly string[]> {
  const fixed = ORIGINS.flatMap(({ names, addresses }) => names.map((name) => [name, addresses] as const));
  return new Map([...fixed, ...Object.entries(more)]);
}
