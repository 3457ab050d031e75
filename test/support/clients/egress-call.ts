import assert from 'node:assert/strict';
import type { AccessLine } from '../lab/agent.ts';
import type { Outcome } from '../lab/run.ts';
import { waitFor } from '../lab/wait.ts';
import { bracketed, type EgressWorld } from './egress-world.ts';
import { curlPorts } from './own-ports.ts';

/** A call by curl, on one connection, and what was reported of it. */
export type Called = Outcome & {
  /** `IP:PORT` of the client, as access lines write it. */
  readonly client: string;
  /** Its one line in the agent's log. */
  readonly mesh: () => Promise<AccessLine>;
  /** Its one line in the log of the gateway in this pod, the first if not given. */
  readonly line: (pod?: string) => Promise<AccessLine>;
  /** Exactly so many, in order. */
  readonly lines: (count: number, pod?: string) => Promise<readonly AccessLine[]>;
  /** Those of that gateway by now. */
  readonly soFar: (pod?: string) => readonly AccessLine[];
};

export async function callFrom(world: EgressWorld, place: string, ...args: readonly string[]): Promise<Called> {
  const meshSince = world.lab.accessLines().length;
  const since = new Map(world.gateways.map((pod) => [pod, world.gateway(pod).accessText().split('\n').length - 1]));
  const told = ['-w', '%{stderr}\n%{local_ip} %{local_port}', ...curlPorts()];
  const outcome = await world.lab.curl(place, ...told, ...args);
  const [ip = '', port = ''] = (outcome.stderr.split('\n').at(-1) ?? '').split(' ');
  const client = `${bracketed(ip)}:${port}`;
  const own = (line: AccessLine): boolean => line['downstream_remote_address'] === client;
  const soFar: Called['soFar'] = (pod = world.gateways[0] ?? '') =>
    world.gateway(pod).accessLines().slice(since.get(pod)).filter(own);
  const lines: Called['lines'] = (count, pod) => exactly(count, () => soFar(pod));
  return {
    ...outcome,
    client,
    soFar,
    lines,
    line: async (pod) => (await lines(1, pod))[0] ?? assert.fail(),
    mesh: async () => {
      const all = await exactly(1, () => world.lab.accessLines().slice(meshSince).filter(own));
      return all[0] ?? assert.fail();
    },
  };
}

async function exactly(count: number, look: () => readonly AccessLine[]): Promise<readonly AccessLine[]> {
  const all = await waitFor(`${count} lines`, () => look().length >= count && look());
  assert.equal(all.length, count, JSON.stringify(all));
  return all;
}
