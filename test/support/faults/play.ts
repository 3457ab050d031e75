import { clientHello } from '../clients/client-hello.ts';
import { must } from '../lab/run.ts';
import { waitFor } from '../lab/wait.ts';
import type { Order } from './actor.ts';
import type { Numbered } from './cells.ts';
import { FLOOD_BYTES, type SideStep, type StageStep, type Step, type Who } from './row.ts';
import { comes, type Span, watchNothingHappen } from './watch.ts';
import { GATEWAYS, inside, ORIGINS, PODS, type Relay, type World } from './world.ts';

export type Played = {
  /** The first step whose effect did not come; the row stopped there. */
  readonly stuckAt: Step | undefined;
  /** When the steps `nothing happens` looked. */
  readonly watched: readonly Span[];
};

/** For one effect: the agent's wait for first bytes and a SYN that has to be sent again are in it. */
const STEP_LIMIT_MS = 8_000;
/** The step is given up first, and nobody listens any more. */
const POLLED = { limitMs: STEP_LIMIT_MS + 1_000 };

/** Plays the steps of one cell through this relay; its connections stay as the last step has left them. */
export async function play(world: World, relay: Relay, cell: Numbered): Promise<Played> {
  const watched: Span[] = [];
  const stage: Stage = { world, relay, cell, hello: HELLO, watched };
  await listen(stage);
  for (const step of cell.steps) {
    if (!(await comes(take(stage, step), STEP_LIMIT_MS))) return { stuckAt: step, watched };
  }
  return { stuckAt: undefined, watched };
}

type Stage = {
  readonly world: World;
  readonly relay: Relay;
  readonly cell: Numbered;
  /** What is left to say of it. */
  hello: string;
  readonly watched: Span[];
};

const HELLO = clientHello('curl-7.88');

async function listen(stage: Stage): Promise<void> {
  const { world, relay, cell } = stage;
  if (cell.origin === 'refuses') return;
  const place = { host: ORIGINS[relay], port: cell.originPort };
  const how = { reads: cell.unread !== 'origin', endsAtOnce: cell.origin === 'ends at once' };
  await world.origin({ do: 'listen', key: keyOf(stage), ...place, ...how });
}

function take(stage: Stage, step: Step): Promise<void> {
  return isOfStage(step) ? STAGE_STEPS[step](stage) : act(stage, step);
}

function isOfStage(step: Step): step is StageStep {
  return step in STAGE_STEPS;
}

const STAGE_STEPS: Readonly<Record<StageStep, (stage: Stage) => Promise<void>>> = {
  'client connects': (stage) => connectClient(stage),
  'origin is there': (stage) => stage.world.origin({ do: 'await', key: keyOf(stage), state: 'there' }),
  'the dial is under way': (stage) => dialling(stage, true),
  'the dial is given up': (stage) => dialling(stage, false),
  'the dial goes on': ({ world, relay, cell }) => world.letDial(relay, cell.originPort),
  'nothing happens': async ({ watched }) => void watched.push(await watchNothingHappen()),
};

function connectClient(stage: Stage): Promise<void> {
  const { world, relay, cell } = stage;
  const place = { host: ORIGINS[relay], port: cell.originPort, localPort: cell.clientPort };
  return world.clients[relay]({ do: 'connect', key: keyOf(stage), ...place, reads: cell.unread !== 'client' });
}

/** A step of one side: its name, a verb, and a number or what is seen. */
async function act(stage: Stage, step: SideStep): Promise<void> {
  const [who, verb = '', what = ''] = step.split(' ') as [Who, ...string[]]; // as SideStep says
  const actor = who === 'client' ? stage.world.clients[stage.relay] : stage.world.origin;
  const key = keyOf(stage);
  if (verb === 'holds') return holds(stage, who, Number(what));
  if (verb === 'says') {
    await actor({ do: 'send', key, text: stage.hello.slice(0, Number(what)) });
    stage.hello = stage.hello.slice(Number(what));
    return;
  }
  const order = ORDERS[verb]?.(key, what);
  if (!order) throw new Error(`no step: ${step}`);
  return actor(order);
}

const ORDERS: Readonly<Record<string, (key: string, what: string) => Order>> = {
  sends: (key, what) => ({ do: 'send', key, text: '\0'.repeat(Number(what)) }),
  floods: (key) => ({ do: 'flood', key, bytes: FLOOD_BYTES }),
  has: (key, what) => ({ do: 'await', key, received: what === 'the' ? FLOOD_BYTES : Number(what) }),
  sees: (key) => ({ do: 'await', key, state: 'ended' }),
  ends: (key) => ({ do: 'end', key }),
  resets: (key) => ({ do: 'reset', key }),
  closes: (key) => ({ do: 'close', key }),
  reads: (key) => ({ do: 'read', key }),
};

async function holds({ world, relay, cell }: Stage, who: Who, bytes: number): Promise<void> {
  const place = who === 'client' ? PODS[relay] : 'ext';
  const filter = who === 'client' ? `sport = :${cell.clientPort}` : `src = ${ORIGINS[relay]}:${cell.originPort}`;
  const argv = inside(world.lab, place, ['ss', '-tnH', 'state', 'established', filter]);
  const unread = async (): Promise<boolean> => Number((await must(argv)).stdout.trim().split(/\s+/)[0]) === bytes;
  await waitFor(`${who} holds ${bytes}`, unread, POLLED);
}

async function dialling({ world, relay, cell }: Stage, wanted: boolean): Promise<void> {
  const place = cell.way === 'direct' ? 'node' : GATEWAYS[relay];
  const filter = `dst = ${ORIGINS[relay]}:${cell.originPort}`;
  const argv = inside(world.lab, place, ['ss', '-tnH', 'state', 'syn-sent', filter]);
  const dials = async (): Promise<boolean> => (await must(argv)).stdout !== '';
  const there = async (): Promise<boolean> => (await dials()) === wanted;
  await waitFor(`the dial is ${wanted ? 'under way' : 'given up'}`, there, POLLED);
}

/** Of the connection in its actor. */
function keyOf({ relay, cell }: Stage): string {
  return `${relay} ${cell.originPort}`;
}
