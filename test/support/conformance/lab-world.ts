import { existsSync, readFileSync } from 'node:fs';
import { type EgressWorld, egressWorld } from '../clients/egress-world.ts';
import { waitFor } from '../lab/wait.ts';
import { loaded, registryOf } from './ask.ts';
import { filesOf } from './places.ts';
import type { Section, World } from './schema.ts';
import type { Step } from './steps.ts';

/** The access log of the agent (`mesh`), or of a gateway by its place. */
export type LogName = string;

/** A section's world in the lab, made when it is first wanted: a run of one case makes no other. */
export type LabWorld = {
  /** In force, and the gateways listen, when it returns. */
  readonly enter: (step: Step) => Promise<EgressWorld>;
  /** How many lines each log has by now. */
  readonly counts: () => ReadonlyMap<LogName, number>;
  readonly lines: (log: LogName, since: number) => readonly string[];
  readonly path: (log: LogName) => string;
  /** The folder of resources. */
  readonly config: () => string;
  /** The agent and the gateways end, then the lab goes: every line is written. Each log's lines, if there was a lab. */
  readonly close: () => Promise<ReadonlyMap<LogName, number>>;
};

export function labWorld({ world }: Section): LabWorld {
  let made: Promise<EgressWorld> | undefined;
  let present: EgressWorld | undefined;
  let listening = '';
  const logs: readonly LogName[] = ['mesh', ...Object.keys(world.gateways)];
  const path = (log: LogName): string =>
    log === 'mesh' ? (present?.lab.accessLog ?? '') : (present?.gateway(log).accessLog ?? '');
  const lines = (log: LogName, since: number): readonly string[] =>
    existsSync(path(log)) ? readLines(path(log)).filter(isCall).slice(since) : [];
  const counts = () => new Map(logs.map((log) => [log, lines(log, 0).length]));
  return {
    path,
    config: () => present?.lab.config ?? '',
    lines,
    counts,
    enter: async (step) => {
      const files = filesOf(world, step);
      present = await (made ??= make(world, files));
      await present.inForce(files);
      const wanted = wantedPorts(world, files);
      if (JSON.stringify(wanted) !== listening) await untilListening(present, wanted);
      listening = JSON.stringify(wanted);
      present.lab.forget();
      return present;
    },
    close: async () => {
      if (!present) return new Map();
      const { lab, agent, gateways, gateway } = present;
      try {
        await Promise.all([agent(), ...gateways.map((pod) => gateway(pod))].map((each) => each.stop()));
        return counts();
      } finally {
        await lab.close();
      }
    },
  };
}

/** Complete ones. */
function readLines(path: string): readonly string[] {
  return readFileSync(path, 'utf8').split('\n').slice(0, -1);
}

/** weir-init proves its rules by flows to these two addresses. */
function isCall(line: string): boolean {
  return !/"downstream_local_address":"(?:192\.0\.2\.1|\[2001:db8::1\]):1"/.test(line);
}

async function make(world: World, files: Readonly<Record<string, string>>): Promise<EgressWorld> {
  const gateways = Object.entries(world.gateways).map(([pod, gateway]) => ({ pod, ...gateway }));
  const made = await egressWorld({ workloads: world.workloads, gateways, files });
  const byPlace = Map.groupBy(Object.entries(world.origins), ([, { at }]) => at);
  for (const [place, origins] of byPlace) {
    await made.lab.addOrigins(
      place,
      origins.map(([key, { address, services }]) => ({ key, names: [], addresses: [address], services })),
    );
  }
  return made;
}

type WantedPorts = readonly (readonly [place: string, ports: readonly number[]])[];

function wantedPorts({ gateways }: World, files: Readonly<Record<string, string>>): WantedPorts {
  const { set } = loaded(files);
  return Object.entries(gateways).map(([place, { name }]) => {
    const [namespace = '', pod = ''] = name.split('/');
    const { listeners } = registryOf({ kind: 'gateway', namespace, name: pod }, set);
    return [place, [...listeners.keys()].toSorted((a, b) => a - b)];
  });
}

/** The registry is told before the ports are opened and closed. */
async function untilListening({ lab }: EgressWorld, wanted: WantedPorts): Promise<void> {
  for (const [place, ports] of wanted) {
    let told = '';
    const asked = async (): Promise<boolean> => {
      told = (await lab.exec(place, ['ss', '-Hltn'])).stdout;
      // `*:80`, `[::]:80`, `0.0.0.0:80`: what is on an address alone is not the gateway's.
      const open = [...told.matchAll(/ (?:\*|\[::\]|0\.0\.0\.0):(\d+) /g)].map(([, port]) => Number(port));
      return (
        ports.every((port) => open.filter((each) => each === port).length >= 2) &&
        open.every((port) => OWN.has(port) || ports.includes(port))
      );
    };
    await waitFor(`${place} listens on ${ports.join(', ') || 'nothing'}`, asked, { limitMs: 2_000, told: () => told });
  }
}

/** Metrics and readiness. */
const OWN: ReadonlySet<number> = new Set([15020, 15021]);
