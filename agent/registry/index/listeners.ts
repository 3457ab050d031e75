import type { Port } from '../../model/port.ts';
import type { ClusterService } from '../cluster-service.ts';
import type { GatewayServer, GatewayServers, ServerHost } from '../gateway-servers.ts';
import type { GatewayKey, RouteTable } from '../route-table.ts';
import { addName, type NameIndex, nameIndex, narrower } from './names.ts';

/** What one gateway listens for on one port: the servers of all Gateway resources that select it. */
export type Listener = {
  /** Of the server, which routes match; the one listened on may be the Service's targetPort. */
  readonly serverPort: Port;
  /** undefined: no server of this protocol. */
  readonly http: NameIndex<BoundTable> | undefined;
  readonly tls: NameIndex<BoundTable> | undefined;
  readonly tcp: readonly BoundTable[] | undefined;
};

/** A route table, and the Gateway by which it is in force here. */
export type BoundTable = { readonly table: RouteTable; readonly gateway: GatewayServers; readonly key: GatewayKey };

/** By the port listened on. */
export type Listeners = ReadonlyMap<Port, Listener>;

/**
 * The listeners of the gateway with these labels. `tables` and `gateways` in the order of age. A table is in force where
 * it names the Gateway, a host of both is the same, and the server takes tables of its namespace.
 */
export function listenersOf(
  labels: Readonly<Record<string, string>>,
  { gateways, tables, services }: Resources,
): Listeners {
  const own = services.filter(({ selector }) => selector !== undefined && selects(selector, labels));
  const listeners = new Map<Port, Draft>();
  for (const gateway of gateways.filter(({ selector }) => selects(selector, labels))) {
    const key = `${gateway.ref.namespace}/${gateway.ref.name}`;
    const bound = tables.filter((table) => table.gateways.includes(key));
    for (const server of gateway.servers) {
      const port = listenedPort(server.port, own);
      let draft = listeners.get(port);
      if (!draft)
        listeners.set(port, (draft = { serverPort: server.port, http: undefined, tls: undefined, tcp: undefined }));
      addServer(draft, server);
      for (const table of bound) bind(draft, server, { table, gateway, key });
    }
  }
  return listeners;
}

type Resources = {
  readonly gateways: readonly GatewayServers[];
  readonly tables: readonly RouteTable[];
  readonly services: readonly ClusterService[];
};

type Draft = {
  readonly serverPort: Port;
  http: NameIndex<BoundTable> | undefined;
  tls: NameIndex<BoundTable> | undefined;
  tcp: BoundTable[] | undefined;
};

/** Every label of the selector; an empty one selects all. */
export function selects(selector: Readonly<Record<string, string>>, labels: Readonly<Record<string, string>>): boolean {
  return Object.entries(selector).every(([name, value]) => Object.hasOwn(labels, name) && labels[name] === value);
}

/** As in Istio, a server's port is that of the gateway's Service: its pods listen on the Service's targetPort. */
function listenedPort(port: Port, own: readonly ClusterService[]): Port {
  const mapped = own.flatMap(({ ports }) => ports).find(({ number }) => number === port);
  return mapped?.targetPort ?? port;
}

function addServer(draft: Draft, { protocol }: GatewayServer): void {
  if (protocol === 'tcp') draft.tcp ??= [];
  else draft[protocol] ??= nameIndex();
}

function bind(draft: Draft, { hosts, protocol }: GatewayServer, bound: BoundTable): void {
  const { table } = bound;
  const fitting = hosts.filter((host) => takes(host, table));
  const patterns = fitting.flatMap((host) => table.hosts.map((own) => narrower(host.pattern, own)));
  const shared = patterns.filter((pattern) => pattern !== undefined);
  if (protocol !== 'tcp') for (const pattern of shared) addOnce(draft[protocol] ?? nameIndex(), pattern, bound);
  else if (shared.length > 0 && !draft.tcp?.some((each) => each.table === table && each.key === bound.key)) {
    draft.tcp?.push(bound);
  }
}

function takes({ namespace }: ServerHost, { ref }: RouteTable): boolean {
  return namespace === undefined || namespace === ref.namespace;
}

/** Two servers of one port may have the same host. */
function addOnce(index: NameIndex<BoundTable>, pattern: Parameters<typeof addName>[1], bound: BoundTable): void {
  const there = pattern === 'any' ? index.any : index[pattern.kind].get(pattern.name);
  if (there?.some((each) => each.table === bound.table && each.key === bound.key)) return;
  addName(index, pattern, bound);
}
