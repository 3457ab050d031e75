/** Above every listener of the lab, below what the kernel gives (ip_local_port_range). */
let next = 16_000;
const KERNELS_FIRST = 32_768;

/**
 * The first of `count` ports that no other client of this process gets. Lines are found by their client's port, and the
 * kernel gives a port again within seconds: while conntrack remembers the first connection, REDIRECT puts another port
 * in its place, and the agent never sees the client's own.
 */
export function ownPorts(count: number): number {
  const first = next;
  next += count;
  if (next > KERNELS_FIRST) throw new Error(`no ${count} ports are left for clients below ${KERNELS_FIRST}`);
  return first;
}

/** The same as curl takes it: one for the call, others if it opens another connection. */
export function curlPorts(): readonly ['--local-port', string] {
  const first = ownPorts(CURL_PORTS);
  return ['--local-port', `${first}-${first + CURL_PORTS - 1}`];
}
const CURL_PORTS = 4;
