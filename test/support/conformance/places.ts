import { parseCidr } from '../../../agent/model/cidr.ts';
import { bracketed, type Family, originAddresses, unheardOf } from '../clients/egress-world.ts';
import { meshMode } from '../lab/captured.ts';
import { CLUSTER_CIDR } from '../lab/gateway.ts';
import { endpointSlices, gatewayService, podResource } from '../lab/resources.ts';
import { EXT, NODE, podAt } from '../lab/topology.ts';
import { literally } from '../literally.ts';
import type { World } from './schema.ts';
import type { Step } from './steps.ts';

/** Who calls, and over which family. */
export type Caller = { readonly world: World; readonly from: string; readonly of: Family };

type Pair = { readonly v4: string; readonly v6: string };

/** The pods of the lab, in its order; their addresses follow from that. */
function podsOf({ workloads, gateways }: World): readonly string[] {
  return [...Object.keys(workloads), ...Object.keys(gateways)];
}

/** The lab's pod of a workload `NAMESPACE/POD`; `ext` for a client outside. */
export function placeOf({ workloads }: World, from: string): string {
  if (from === 'outside') return 'ext';
  return Object.entries(workloads).find(([, workload]) => workload === from)?.[0] ?? unheardOf(from);
}

/** Every address that a place has: of a pod, `node` (the agent), `client` (who calls), an origin by its name. */
export function addressesOf(caller: Caller, place: string): readonly Pair[] {
  const { world, from } = caller;
  const pods = podsOf(world);
  if (place === 'node') return [NODE, ...pods.map((pod, at) => podAt('', pod, at).node)];
  if (place === 'client') return from === 'outside' ? [EXT] : addressesOf(caller, placeOf(world, from));
  if (pods.includes(place)) return [podAt('', place, pods.indexOf(place))];
  const [v4, v6] = originAddresses(place);
  return v4 === undefined || v6 === undefined ? unheardOf(place) : [{ v4, v6 }];
}

/** The same as one list. */
export function ipsOf(caller: Caller, place: string): readonly string[] {
  return addressesOf(caller, place).flatMap(({ v4, v6 }) => [v4, v6]);
}

/** With `{PLACE}` as the address in a URL, `{PLACE ip}` as the bare one, both of the caller's family. */
export function filled(text: string, caller: Caller): string {
  return replaced(text, caller, (ips) => ips[0] ?? '');
}

/** The same in a regular expression; `{PLACE any}`: an address of either family, as in a URL. */
export function filledPattern(text: string, caller: Caller): RegExp {
  return new RegExp(
    replaced(text, caller, (ips) => `(?:${ips.map(literally).join('|')})`),
    's',
  );
}

function replaced(text: string, caller: Caller, write: (ips: readonly string[]) => string): string {
  return text.replaceAll(/\{([a-z][\w.-]*)(?: (ip|any))?\}/g, (_, place: string, how: string | undefined) => {
    const pairs = addressesOf(caller, place);
    if (how === 'any') return write(pairs.flatMap(({ v4, v6 }) => [v4, bracketed(v6)]));
    const own = pairs.map((pair) => pair[caller.of]);
    return write(how === 'ip' ? own : own.map(bracketed));
  });
}

/** All resource files of a step: what stands in every lab, and its own. */
export function filesOf(world: World, step: Step): Readonly<Record<string, string>> {
  const pair = (place: string): readonly string[] => ipsOf({ world, from: 'outside', of: 'v4' }, place);
  const workloads = Object.entries(world.workloads).map(([place, workload]) => {
    const [, app = ''] = workload.split('/');
    return podResource(workload, { app }, pair(place));
  });
  const gateways = Object.entries(world.gateways).map(([place, { name, labels }]) =>
    podResource(name, labels, pair(place)),
  );
  return {
    'mesh.yaml': meshMode(step.mode),
    'pods.yaml': [...workloads, ...gateways].join('---\n'),
    'service.yaml': gatewayService(),
    'slices.yaml': endpointSlices(pair(step.behind)),
    'resources.yaml': step.text,
  };
}

export const CLUSTER_CIDRS = CLUSTER_CIDR.split(',').map((text) => parseCidr(text) ?? unheardOf(text));
