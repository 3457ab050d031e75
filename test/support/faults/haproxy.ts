import { writeFileSync } from 'node:fs';
import type { Lab, Place } from '../lab/lab.ts';
import { outcomeText } from '../lab/run.ts';
import { waitFor } from '../lab/wait.ts';
import { CELLS, GATEWAY_PORTS, waitsForBytes } from './cells.ts';

/**
 * Debian's haproxy as a relay of captured connections, next to a pod, and a second one as its gateway. Each half of a
 * connection ends by itself: no `abortonclose`, and an idle half lives as long as ours does. A dial is tried once, as ours
 * is.
 */
const COMMON = `
global
    nbthread 2
    maxconn 2000
defaults
    mode tcp
    option splice-request
    option splice-response
    no option abortonclose
    retries 0
    timeout connect 10s
    timeout client 60s
    timeout server 60s
    timeout client-fin 60s
    timeout server-fin 60s
`;

const GATEWAY_PORT = 9_000;

/** REDIRECT brings the pod's connections; a first look as ours, at the ports where ours waits for first bytes. */
function besidePod(netns: string, gateway: string, sniffDeadlineMs: number): string {
  const waiting = CELLS.filter(waitsForBytes).map(({ originPort }) => originPort);
  return `${COMMON}
frontend captured
    bind 127.0.0.1:15001 namespace "${netns}"
    acl waits dst_port ${waiting.join(' ')}
    tcp-request inspect-delay ${sniffDeadlineMs}ms
    tcp-request content accept if !waits
    tcp-request content accept if { req.ssl_hello_type 1 }
    tcp-request content accept if WAIT_END
    use_backend gateway if { dst_port ${GATEWAY_PORTS.join(' ')} }
    default_backend origin
backend origin
    server origin 0.0.0.0:0
backend gateway
    server gateway ${gateway}:${GATEWAY_PORT} send-proxy-v2
`;
}

/** Dials what the header says. */
const GATEWAY = `${COMMON}
frontend gateway
    bind :${GATEWAY_PORT} accept-proxy
    default_backend origin
backend origin
    server origin 0.0.0.0:0
`;

/** Beside `pod`, whose rules are in place, and in the pod `gateway`; both take connections when it returns. */
export async function startHaproxies(lab: Lab, pod: Place, gateway: Place, sniffDeadlineMs: number): Promise<void> {
  const beside = besidePod(lab.netns(pod), lab.pod(gateway).v4, sniffDeadlineMs);
  await Promise.all([
    startHaproxy(lab, 'node', beside, { listens: pod, port: 15_001 }),
    startHaproxy(lab, gateway, GATEWAY, { listens: gateway, port: GATEWAY_PORT }),
  ]);
}

async function startHaproxy(
  lab: Lab,
  place: Place,
  config: string,
  { listens, port }: { readonly listens: Place; readonly port: number },
): Promise<void> {
  const path = `${lab.folder}/haproxy-${place}.cfg`;
  writeFileSync(path, config);
  const haproxy = lab.spawn(place, ['haproxy', '-db', '-f', path]);
  const told = () => haproxy.stdout() + haproxy.stderr();
  const up = async (): Promise<boolean> => {
    if (haproxy.code() !== undefined) throw new Error(`haproxy ended with ${haproxy.code()}\n${told()}`);
    const found = await lab.exec(listens, ['ss', '-tlnH', `sport = :${port}`]);
    if (found.code !== 0) throw new Error(outcomeText(found));
    return found.stdout !== '';
  };
  await waitFor('haproxy listens', up, { told });
}
