import { type Lab, makeLab, type Place } from '../lab/lab.ts';
import { must } from '../lab/run.ts';
import { type Actor, startActor } from './actors.ts';
import { CELLS, isHeld } from './cells.ts';
import { startHaproxies } from './haproxy.ts';
import { installMissing } from './install.ts';
import { CIDR_OPTION, HOST, resourceFiles, WORKLOAD } from './resources.ts';

/** Who relays, each with a captured pod and a gateway of its own. */
export type Relay = 'weir' | 'haproxy';

/** Each relay sees its own origin, so that the rows of both run at the same time, on the same ports. */
export const ORIGINS = { weir: '203.0.113.61', haproxy: '203.0.113.62' } as const satisfies Record<Relay, string>;
export const PODS = { weir: 'pod', haproxy: 'rival' } as const satisfies Record<Relay, Place>;
export const GATEWAYS = { weir: 'gw', haproxy: 'rival-gw' } as const satisfies Record<Relay, Place>;

export type World = {
  readonly lab: Lab;
  readonly clients: Readonly<Record<Relay, Actor>>;
  readonly origin: Actor;
  /** From now on the origin takes SYNs on this port. */
  readonly letDial: (relay: Relay, port: number) => Promise<void>;
};

/** Longer than an act in a row takes on a busy machine, so that it comes before the verdict. */
const SNIFF_DEADLINE_MS = 3_000;

export async function makeWorld(): Promise<World> {
  await installMissing();
  const lab = await makeLab({
    pods: [...Object.values(PODS), ...Object.values(GATEWAYS)],
    names: { [HOST]: [ORIGINS.weir] },
  });
  try {
    return await fill(lab);
  } catch (thrown) {
    await lab.close();
    throw thrown;
  }
}

async function fill(lab: Lab): Promise<World> {
  const places = ['node', 'ext', ...Object.values(PODS), ...Object.values(GATEWAYS)];
  await Promise.all(places.map((place) => must(inside(lab, place, ['sysctl', '-q', '-w', ...SMALL_BUFFERS]))));
  for (const ip of Object.values(ORIGINS))
    await must(['ip', '-n', lab.netns('ext'), 'addr', 'add', `${ip}/24`, 'dev', 'eth0']);
  await holdDials(lab);
  lab.writeConfig(resourceFiles(lab, PODS.weir, GATEWAYS.weir));
  const [weir, haproxy, origin] = await Promise.all([
    startActor(lab, PODS.weir),
    startActor(lab, PODS.haproxy),
    startActor(lab, 'ext'),
    startWeir(lab),
    startRival(lab),
  ]);
  return {
    lab,
    clients: { weir, haproxy },
    origin,
    letDial: async (relay, port) => {
      await must(inside(lab, 'ext', ['ipset', 'del', HELD, `${ORIGINS[relay]},${port}`]));
    },
  };
}

async function startWeir(lab: Lab): Promise<void> {
  const deadline = ['--sniff-deadline', String(SNIFF_DEADLINE_MS)];
  const agent = lab.startAgent({ workloads: { [PODS.weir]: WORKLOAD }, args: [...CIDR_OPTION, ...deadline] });
  await Promise.all([agent, lab.startGateway({ pod: GATEWAYS.weir })]);
  await lab.applyInit(CIDR_OPTION, PODS.weir);
}

/** The rules come first: as long as nobody listens, weir-init proves the capture by a listener of its own. */
async function startRival(lab: Lab): Promise<void> {
  await lab.applyInit(CIDR_OPTION, PODS.haproxy);
  await startHaproxies(lab, PODS.haproxy, GATEWAYS.haproxy, SNIFF_DEADLINE_MS);
}

/** A flood fills these soon. */
const SMALL_BUFFERS = ['net.ipv4.tcp_rmem=4096 32768 65536', 'net.ipv4.tcp_wmem=4096 32768 65536'];
const HELD = 'held-dials';

async function holdDials(lab: Lab): Promise<void> {
  const held = CELLS.filter(isHeld).flatMap(({ originPort }) =>
    Object.values(ORIGINS).map((ip) => `add ${HELD} ${ip},${originPort}\n`),
  );
  const input = `create ${HELD} hash:ip,port\n${held.join('')}`;
  await must(inside(lab, 'ext', ['ipset', 'restore']), { input });
  const rule = `-A INPUT -p tcp --syn -m set --match-set ${HELD} dst,dst -j DROP`;
  await must(inside(lab, 'ext', ['iptables', ...rule.split(' ')]));
}

export function inside(lab: Lab, place: Place, argv: readonly string[]): readonly string[] {
  return ['ip', 'netns', 'exec', lab.netns(place), ...argv];
}
