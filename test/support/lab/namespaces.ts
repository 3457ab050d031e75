import { mkdirSync, writeFileSync } from 'node:fs';
import { must } from './run.ts';
import { addressBatches, DNS_SERVERS, linkBatch, type Topology } from './topology.ts';

/** Makes the namespaces, links, addresses and routes, and what /etc says inside (ip netns exec mounts /etc/netns/NAME). */
export async function makeNamespaces(topology: Topology): Promise<void> {
  for (const netns of [topology.node, topology.ext, ...topology.pods.map((pod) => pod.netns)]) writeEtc(netns);
  await must(['ip', '-batch', '-'], { input: linkBatch(topology) });
  await Promise.all(
    [...addressBatches(topology)].map(async ([netns, batch]) => {
      const script = netns === topology.node ? `${EVERYWHERE}\n${FORWARDING}` : EVERYWHERE;
      await must(['ip', 'netns', 'exec', netns, 'sh', '-ec', script]);
      await must(['ip', '-n', netns, '-batch', '-'], { input: batch });
    }),
  );
}

function writeEtc(netns: string): void {
  const folder = `/etc/netns/${netns}`;
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}/resolv.conf`, DNS_SERVERS.map((ip) => `nameserver ${ip}\n`).join(''));
  writeFileSync(`${folder}/hosts`, '127.0.0.1 localhost\n::1 localhost\n'); // nothing of the machine's own
}

// Without accept_dad=0 the link-local address of a fresh link is tentative for a second, and no neighbour is found.
const EVERYWHERE = `
  echo 0 > /proc/sys/net/ipv6/conf/all/disable_ipv6
  echo 0 > /proc/sys/net/ipv6/conf/default/disable_ipv6
  for dad in /proc/sys/net/ipv6/conf/*/accept_dad; do echo 0 > $dad; done`;
const FORWARDING = `
  echo 1 > /proc/sys/net/ipv4/ip_forward
  echo 1 > /proc/sys/net/ipv6/conf/all/forwarding`;
