/**
 * Who is linked to whom, and with which addresses. `node` routes between the pods and the outside world `ext`; pods have
 * addresses that `ext` can answer, so a packet that escapes interception really arrives.
 */
export type Topology = {
  readonly pods: readonly Pod[];
  readonly node: string;
  readonly ext: string;
  /** Addresses that `ext` holds for its origins. */
  readonly origins: readonly string[];
};

export type Pod = {
  readonly name: string;
  readonly netns: string;
  readonly v4: string;
  readonly v6: string;
  /** The node's own addresses on this pod's link: what the agent dials the pod from. */
  readonly node: { readonly v4: string; readonly v6: string };
};

export const NODE = { v4: '203.0.113.1', v6: '2001:db8:ee::1' } as const;
export const EXT = { v4: '203.0.113.254', v6: '2001:db8:ee::fe' } as const;
export const DNS_SERVERS = ['203.0.113.53', '2001:db8:ee::53'] as const;

/** Pod number `index`, from 0: 198.18.1.2 and fd00:1::2, 198.18.2.2 and fd00:2::2, … */
export function podAt(lab: string, name: string, index: number): Pod {
  const net = index + 1;
  const node = { v4: `198.18.${net}.1`, v6: `fd00:${net}::1` };
  return { name, netns: `${lab}-${name}`, v4: `198.18.${net}.2`, v6: `fd00:${net}::2`, node };
}

/** Commands for `ip -batch` in the namespace of the caller: namespaces and links. */
export function linkBatch({ pods, node, ext }: Topology): string {
  const veth = (inner: string, outer: string, peer: string) =>
    `link add ${inner} netns ${peer} type veth peer name ${outer} netns ${node}`;
  return lines([
    ...[node, ext, ...pods.map((pod) => pod.netns)].map((netns) => `netns add ${netns}`),
    veth('eth0', 'ext0', ext),
    ...pods.map((pod, index) => veth('eth0', `pod${index + 1}`, pod.netns)),
  ]);
}

/** Commands for `ip -n NETNS -batch`, by namespace. */
export function addressBatches({ pods, node, ext, origins }: Topology): ReadonlyMap<string, string> {
  const batches = new Map<string, string>();
  batches.set(
    ext,
    lines([
      ...up('eth0'),
      ...[EXT.v4, EXT.v6, ...DNS_SERVERS, ...origins].map((ip) => hold(ip, 'eth0')),
      ...podRoutes(),
    ]),
  );
  const nodeLines = [
    ...up('ext0'),
    hold(NODE.v4, 'ext0'),
    hold(NODE.v6, 'ext0'),
    ...defaultVia(EXT.v4, EXT.v6, 'ext0'),
  ];
  for (const [index, pod] of pods.entries()) {
    const { v4, v6, node: near } = pod;
    batches.set(
      pod.netns,
      lines([...up('eth0'), hold(v4, 'eth0'), hold(v6, 'eth0'), ...defaultVia(near.v4, near.v6, 'eth0')]),
    );
    nodeLines.push(...up(`pod${index + 1}`), hold(near.v4, `pod${index + 1}`), hold(near.v6, `pod${index + 1}`));
  }
  batches.set(node, lines(nodeLines));
  return batches;
}

function up(device: string): string[] {
  return ['link set lo up', `link set ${device} up`];
}

// nodad: an address under duplicate detection cannot be used for a second or more, and nobody else is on these links.
function hold(ip: string, device: string): string {
  return ip.includes(':') ? `addr add ${ip}/64 dev ${device} nodad` : `addr add ${ip}/24 dev ${device}`;
}

function defaultVia(v4: string, v6: string, device: string): string[] {
  return [`route add default via ${v4} dev ${device}`, `route add default via ${v6} dev ${device}`];
}

function podRoutes(): string[] {
  return [`route add 198.18.0.0/15 via ${NODE.v4} dev eth0`, `route add fd00::/8 via ${NODE.v6} dev eth0`];
}

function lines(all: readonly string[]): string {
  return `${all.join('\n')}\n`;
}
