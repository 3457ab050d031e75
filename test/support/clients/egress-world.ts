import { isDeepStrictEqual } from 'node:util';
import type { Agent } from '../lab/agent.ts';
import { meshMode } from '../lab/captured.ts';
import { CLUSTER_CIDR, type Gateway, type StartGateway } from '../lab/gateway.ts';
import { type Lab, type LabOptions, makeLab } from '../lab/lab.ts';
import { endpointSlices, gatewayService, podResource } from '../lab/resources.ts';
import type { Pod } from '../lab/topology.ts';
import { waitFor } from '../lab/wait.ts';
import { ORIGINS } from '../origins/fixtures.ts';

export type Files = Readonly<Record<string, string>>;

/** Captured pods, their agent, and gateways that it reaches by the Service istio-egressgateway. */
export type EgressWorld = {
  readonly lab: Lab;
  readonly agent: () => Agent;
  /** The pods with a gateway. */
  readonly gateways: readonly string[];
  /** In this pod; the first one if not given. */
  readonly gateway: (pod?: string) => Gateway;
  /** Puts exactly these resources in force, beside what stands: done when all have told of a newer registry. */
  readonly inForce: (files: Files) => Promise<void>;
  /** As the one before was started. */
  readonly startAgent: () => Promise<void>;
  /** As the one before in this pod was started. */
  readonly startGateway: (pod: string) => Promise<void>;
};

export type EgressWorldOptions = LabOptions & {
  /** Captured: lab pod → `NAMESPACE/POD`, each with a Pod resource. */
  readonly workloads: Readonly<Record<string, `${string}/${string}`>>;
  /** Each in a lab pod of its own; all are endpoints of the Service. */
  readonly gateways: readonly StartGateway[];
  /** Pods that are neither. */
  readonly others?: readonly string[];
  /** In force from the start. */
  readonly files?: Files;
};

export async function egressWorld(options: EgressWorldOptions): Promise<EgressWorld> {
  const { workloads, gateways, others = [], files = {} } = options;
  const captured = Object.keys(workloads);
  const lab = await makeLab({ ...options, pods: [...captured, ...gateways.map(({ pod }) => pod), ...others] });
  try {
    const world = worldOf(lab, options);
    lab.writeConfig({ ...standing(lab, options), ...files });
    await Promise.all([world.startAgent(), ...gateways.map(({ pod }) => world.startGateway(pod))]);
    for (const pod of captured) await lab.applyInit(['--cluster-cidr', CLUSTER_CIDR], pod);
    return world;
  } catch (thrown) {
    await lab.close();
    throw thrown;
  }
}

/** In force in every test that brings no file of the same name. */
function standing(lab: Lab, { workloads, gateways }: EgressWorldOptions): Files {
  const pods = Object.entries(workloads).map(([place, workload]) => {
    const [, name = ''] = workload.split('/');
    return podResource(workload, { app: name }, addressesOf(lab, place));
  });
  return {
    'mesh.yaml': meshMode('REGISTRY_ONLY'),
    'pods.yaml': pods.join('---\n'),
    'service.yaml': gatewayService(),
    'slices.yaml': endpointSlices(gateways.flatMap(({ pod }) => addressesOf(lab, pod))),
  };
}

function worldOf(lab: Lab, options: EgressWorldOptions): EgressWorld {
  const gateways = new Map<string, Gateway>();
  let agent: Agent | undefined;
  let present: Files = { ...standing(lab, options), ...options.files };
  return {
    lab,
    gateways: options.gateways.map(({ pod }) => pod),
    agent: () => agent ?? unheardOf('agent'),
    gateway: (pod = options.gateways[0]?.pod ?? '') => gateways.get(pod) ?? unheardOf(`gateway in ${pod}`),
    inForce: async (files) => {
      const next: Files = { ...standing(lab, options), ...files };
      if (isDeepStrictEqual(next, present)) return;
      const living = [agent, ...gateways.values()].filter((each) => each?.alive());
      const before = living.map((each) => registries(each));
      const gone = Object.keys(present).filter((name) => !(name in next));
      lab.writeConfig({ ...Object.fromEntries(gone.map((name) => [name, null])), ...changed(present, next) });
      present = next;
      await waitFor('a newer registry', () => living.every((each, at) => registries(each) > (before[at] ?? 0)), {
        limitMs: PROMISED_MS,
        told: () => living.map((each) => each?.stderr()).join('\n'),
      });
    },
    startAgent: async () => {
      const { workloads } = options;
      agent = await lab.startAgent({ workloads, args: ['--cluster-cidr', CLUSTER_CIDR] });
    },
    startGateway: async (pod) => {
      const how = options.gateways.find((each) => each.pod === pod) ?? unheardOf(`gateway in ${pod}`);
      gateways.set(pod, await lab.startGateway(how));
    },
  };
}

/** For what a test names and its world does not have. */
export function unheardOf(what: string): never {
  throw new Error(`no ${what} in this world`);
}

function changed(before: Files, next: Files): Files {
  return Object.fromEntries(Object.entries(next).filter(([name, text]) => before[name] !== text));
}

function registries(agent: Agent | undefined): number {
  return agent?.stderr().match(/"registry \d+:/g)?.length ?? 0;
}

/** Within this a change of resources is in force. */
export const PROMISED_MS = 1_000;

function addressesOf(lab: Lab, place: string): readonly string[] {
  const { v4, v6 } = lab.pod(place);
  return [v4, v6];
}

/** The slices of the Service with one gateway alone behind it. */
export function onlyBehind({ lab }: EgressWorld, pod: string): Files {
  return { 'slices.yaml': endpointSlices(addressesOf(lab, pod)) };
}

/** With origins that have forgotten what was before; a failure is told with what everybody said and reported. */
export function tellingAll(world: () => EgressWorld, body: () => Promise<void>) {
  return async (): Promise<void> => {
    world().lab.forget();
    try {
      await body();
    } catch (thrown) {
      const { lab, agent, gateways, gateway } = world();
      const said = [
        ['agent', lab.accessLines().map((line) => JSON.stringify(line)), agent().stderr()] as const,
        ...gateways.map(
          (pod) => [pod, gateway(pod).accessText().trimEnd().split('\n'), gateway(pod).stderr()] as const,
        ),
      ].flatMap(([who, lines, stderr]) => [`== ${who}`, ...lines.slice(-4), ...stderr.trimEnd().split('\n').slice(-6)]);
      const message = thrown instanceof Error ? thrown.message : String(thrown);
      throw new Error(`${message}\n${said.join('\n')}`, { cause: thrown });
    }
  };
}

/** curl's options, and the key of an address, by family. */
export const FAMILIES = [
  { flag: '-4', of: 'v4' },
  { flag: '-6', of: 'v6' },
] as const;

export type Family = (typeof FAMILIES)[number]['of'];

/** `198.18.1.2`, `fd00:1::2` of `IP:PORT`, `[IP]:PORT`. */
export function hostOf(endpoint: unknown): string {
  return String(endpoint)
    .replace(/:\d+$/, '')
    .replace(/^\[|\]$/g, '');
}

/** As it stands in a URL or an access line. */
export function bracketed(ip: string): string {
  return ip.includes(':') ? `[${ip}]` : ip;
}

/** The addresses of the origin with this name. */
export function originAddresses(name: string): readonly string[] {
  return ORIGINS.find(({ names }) => names.includes(name))?.addresses ?? unheardOf(name);
}

/** Whether this endpoint, as a line or an origin tells it, is one of the lab's pod. */
export function isOf({ v4, v6 }: Pod, endpoint: unknown): boolean {
  return [v4, v6].includes(hostOf(endpoint));
}
