import type { Lab, Place } from '../lab/lab.ts';
import type { Running } from '../lab/run.ts';
import { waitFor } from '../lab/wait.ts';
import { CELLS, type Numbered } from './cells.ts';
import { type Played, play } from './play.ts';
import { readSegments, type Segment } from './segments.ts';
import { type ToldLeg, tellLeg } from './tell-leg.ts';
import { watchNothingHappen } from './watch.ts';
import { ORIGINS, PODS, type Relay, type World } from './world.ts';

/** What one cell showed through one relay. */
export type Observed = Played & { readonly client: ToldLeg; readonly origin: ToldLeg };

/** By relay, then by the cell's name. */
export type Observations = Readonly<Record<Relay, ReadonlyMap<string, Observed>>>;

/** Plays every cell through every relay while both sides are captured, then reads the packets. */
export async function observeAll(world: World): Promise<Observations> {
  const { lab } = world;
  const [stopPod, stopRival, stopExt] = await Promise.all([
    startDump(lab, PODS.weir, 'lo'),
    startDump(lab, PODS.haproxy, 'lo'),
    startDump(lab, 'ext', 'eth0'),
  ]);
  const [weir, haproxy] = await Promise.all([playAll(world, 'weir'), playAll(world, 'haproxy')]);
  await watchNothingHappen(); // what a relay says late is seen too
  const [pod, rival, ext] = await Promise.all([stopPod(), stopRival(), stopExt()]);
  return {
    weir: observed('weir', weir, pod, ext),
    haproxy: observed('haproxy', haproxy, rival, ext),
  };
}

/** Rows do not disturb each other: as many at a time as two processors can take without being late. */
const AT_A_TIME = 12;

async function playAll(world: World, relay: Relay): Promise<ReadonlyMap<Numbered, Played>> {
  const played = new Map<Numbered, Played>();
  const waiting = [...CELLS];
  const lane = async (): Promise<void> => {
    for (let cell = waiting.shift(); cell; cell = waiting.shift()) played.set(cell, await play(world, relay, cell));
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, lane));
  return played;
}

function observed(
  relay: Relay,
  played: ReadonlyMap<Numbered, Played>,
  pod: readonly Segment[],
  ext: readonly Segment[],
): ReadonlyMap<string, Observed> {
  const all = [...played].map(([cell, how]) => {
    const seen = { client: clientLeg(cell, pod), origin: originLeg(relay, cell, ext) };
    return [cell.name, { ...how, ...seen }] as const;
  });
  return new Map(all);
}

function clientLeg({ clientPort }: Numbered, pod: readonly Segment[]): ToldLeg {
  const port = `:${clientPort}`;
  return tellLeg(
    pod.filter(({ source, target }) => source.endsWith(port) || target.endsWith(port)),
    ({ source }) => source.endsWith(port),
  );
}

function originLeg(relay: Relay, { originPort }: Numbered, ext: readonly Segment[]): ToldLeg {
  const origin = `${ORIGINS[relay]}:${originPort}`;
  return tellLeg(
    ext.filter(({ source, target }) => source === origin || target === origin),
    ({ target }) => target === origin,
  );
}

/** tcpdump to a file; listening when it returns. What it gives back ends it, and reads the file. */
async function startDump(lab: Lab, place: Place, device: string): Promise<() => Promise<readonly Segment[]>> {
  const path = `${lab.folder}/${place}.pcap`;
  const how = ['--immediate-mode', '-Z', 'root', '-s', HEADERS_BYTES, '-B', BUFFER_KIB];
  const tcpdump = lab.spawn(place, ['tcpdump', '-n', ...how, '-i', device, '-w', path, 'tcp']);
  await waitFor('tcpdump listens', () => tcpdump.stderr().includes('listening on'), { told: tcpdump.stderr });
  return async () => {
    await stop(tcpdump);
    return readSegments(path);
  };
}

/** Ethernet, IPv4 or IPv6, TCP with all its options. */
const HEADERS_BYTES = '120';
const BUFFER_KIB = '32768';

async function stop(tcpdump: Running): Promise<void> {
  tcpdump.kill('SIGINT');
  await waitFor('tcpdump ends', () => tcpdump.code() !== undefined, { told: tcpdump.stderr });
  if (!/^0 packets dropped by kernel/m.test(tcpdump.stderr())) throw new Error(`packets lost: ${tcpdump.stderr()}`);
}
