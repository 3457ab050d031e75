/**
 * What two parsers read differently, and what all read alike, through the running agent to real servers: each origin sees
 * exactly the requests that were judged, each client exactly the answers meant for it. Behind every request that leaves
 * its connection open come one more for the same origin, one for another Host and one for a Host that is refused.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { noFlowLeft, type Talk, type Talked, talkAll } from '../support/clients/captured-pod.ts';
import { answerCases, requestCases } from '../support/corpus/cases.ts';
import { answerPlay, factsOf, type Play, requestPlay, scripts, type Where } from '../support/corpus/plays.ts';
import { ADDRESSES, CORPUS_CONFIG, type CorpusWorld, corpusWorld } from '../support/corpus/world.ts';
import type { AccessLine, Agent } from '../support/lab/agent.ts';
import { waitFor } from '../support/lab/wait.ts';

const requests = requestCases();
const answers = answerCases();
const SERVERS = ['nginx', 'node', 'python'] as const;

/** Everything by IPv4, every fifth by IPv6 too. */
const plays: readonly Play[] = [
  ...requests.flatMap((each, at) => {
    const relayed = each.messages.some(({ fate }) => fate.kind === 'relayed');
    const places: readonly Where[] = relayed ? ['raw', ...SERVERS] : ['raw'];
    return places.flatMap((where, place) =>
      hosts(where, (at + place) % 5 === 0).map((host) => requestPlay(each, where, host)),
    );
  }),
  ...answers.flatMap((each, at) => hosts('raw', at % 5 === 0).map((host) => answerPlay(each, host))),
];

function hosts(where: Where, both: boolean): readonly string[] {
  return both ? ADDRESSES[where] : ADDRESSES[where].slice(0, 1);
}

type Ran = { readonly play: Play; readonly told: Talked; readonly lines: readonly AccessLine[] };

let world: CorpusWorld;
before(async () => {
  world = await corpusWorld(scripts(requests, answers));
});
after(() => world.lab.close());

const ran = new Map<string, readonly Ran[]>();

/** `pieces`: bytes to a segment of what the clients send. */
const WAYS = [
  { says: 'with leases', lease: 'on', pieces: undefined },
  { says: 'without leases', lease: 'off', pieces: undefined },
  { says: 'with leases, in small segments', lease: 'on', pieces: 3 },
] as const;

for (const { says, lease, pieces } of WAYS) {
  describe(says, () => {
    let agent: Agent;
    before(async () => {
      agent = await world.lab.startAgent({ config: CORPUS_CONFIG, args: ['--lease', lease] });
      if (ran.size === 0) await world.lab.applyInit();
      world.forget();
      ran.set(says, await runAll(world, plays, pieces));
    });
    after(() => agent.stop());

    for (const place of ['raw', ...SERVERS] as const) {
      const here = (): readonly Ran[] => ranWith(says).filter(({ play }) => play.where === place);

      test(`each client of ${place} got exactly the answers meant for it`, () => {
        const wrong = here().flatMap(({ play, told }) => {
          const problem = play.misfit(told.received) ?? (play.ends.includes(told.end) ? undefined : 'the wrong end');
          return problem === undefined ? [] : [`${play.name} (${play.host}), ended ${told.end}: ${problem}`];
        });
        assert.deepEqual(wrong, []);
      });

      test(`the access lines of each client of ${place} tell it`, () => {
        for (const { play, lines } of here()) {
          const facts = lines.map((line, each) => factsOf(line, play.lines[each]));
          assert.deepEqual({ name: play.name, facts }, { name: play.name, facts: play.lines });
        }
      });
    }

    test('the raw origin saw exactly the judged bytes', async () => {
      const wanted = plays.flatMap(({ streams }) => streams).sort();
      const beginnings = plays.flatMap(({ inPart }) => inPart ?? []);
      const crossed = new Map(
        plays.flatMap((play) => (play.crossed ? [[play.crossed.seen, play.crossed.instead]] : [])),
      );
      const seen = await settled(() => {
        const all = world
          .streams()
          .filter((stream) => stream !== '')
          .map((stream) => crossed.get(stream) ?? stream);
        return all.filter((stream) => !beginnings.some((each) => isBeginning(stream, each))).sort();
      }, wanted);
      sameLists(seen, wanted);
    });

    for (const where of SERVERS) {
      test(`${where} understood exactly the judged requests`, async () => {
        const wanted = plays.filter((play) => play.where === where).flatMap(({ parsed }) => parsed.map(understood));
        sameLists(await settled(() => world.parsed(where).map(understood).sort(), wanted.sort()), wanted.sort());
      });
    }

    test('no flow is left', () => noFlowLeft(world.lab));
  });
}

test('all ways: the same bytes and the same access lines', () => {
  const [first = [], ...others] = WAYS.map(({ says }) => ranWith(says).map(comparable));
  for (const other of others) for (const [at, each] of other.entries()) assert.deepEqual(each, first[at]);
});

async function runAll({ lab }: CorpusWorld, all: readonly Play[], pieces: number | undefined): Promise<readonly Ran[]> {
  const before = requestLines(lab).length;
  const told: Talked[] = [];
  // Some at a time: a client's deadline is for the agent, not for the queue before a processor.
  for (let at = 0; at < all.length; at += AT_ONCE) {
    told.push(
      ...(await talkAll(
        lab,
        all.slice(at, at + AT_ONCE).map(({ talk }) => inPieces(talk, pieces)),
      )),
    );
  }
  const expected = all.reduce((sum, play) => sum + play.lines.length, 0);
  const lines = await settledLines(() => requestLines(lab).slice(before), expected);
  const byClient = Map.groupBy(lines, (line) => line['downstream_remote_address']);
  return all.flatMap((play, at) => {
    const each = told[at];
    return each ? [{ play, told: each, lines: byClient.get(each.local) ?? [] }] : [];
  });
}

/** What is larger than a few segments is sent whole: it comes in pieces as it is. */
function inPieces(talk: Talk, pieces: number | undefined): Talk {
  if (pieces === undefined) return talk;
  const small = (step: Talk['steps'][number]): Talk['steps'][number] =>
    'send' in step && step.send.length < 2_000 ? { ...step, pieces } : step;
  return { ...talk, steps: talk.steps.map(small) };
}

/** Without those of weir-init, which asked who holds the listener. */
function requestLines(lab: CorpusWorld['lab']): readonly AccessLine[] {
  return lab.accessLines().filter((line) => line['reason'] !== 'self-proof');
}

const AT_ONCE = 100;

/** What is there in the end; that it is what was wanted is for the caller to assert. */
async function settledLines(look: () => readonly AccessLine[], wanted: number): Promise<readonly AccessLine[]> {
  await waitFor('all lines', () => look().length >= wanted, { limitMs: 3_000 }).catch(() => false);
  return look();
}

async function settled(look: () => readonly string[], wanted: readonly string[]): Promise<readonly string[]> {
  await waitFor('all requests', () => look().length >= wanted.length, { limitMs: 3_000 }).catch(() => false);
  return look();
}

function ranWith(lease: string): readonly Ran[] {
  const all = ran.get(lease) ?? [];
  assert.equal(all.length, plays.length, 'not every case was run');
  return all;
}

function isBeginning(stream: string, { bytes, whole }: NonNullable<Play['inPart']>): boolean {
  return bytes.startsWith(stream) && (whole || stream !== bytes);
}

function understood({ line, body }: { readonly line: string; readonly body: string }): string {
  return `${line}\n${body}`;
}

/** The first differences alone: lists of a thousand streams are for nobody to read. */
function sameLists(seen: readonly string[], wanted: readonly string[]): void {
  const count = Map.groupBy(
    [...seen.map((each) => [each, 1] as const), ...wanted.map((each) => [each, -1] as const)],
    ([each]) => each,
  );
  const differing = [...count].map(([each, signs]) => ({ each, more: signs.reduce((sum, [, sign]) => sum + sign, 0) }));
  const wrong = differing
    .filter(({ more }) => more !== 0)
    .map(({ each, more }) => ({ more, bytes: each.slice(0, 300) }));
  assert.deepEqual(wrong, []);
}

const CHANGING = [
  'start_time',
  'duration',
  'upstream_service_time',
  'downstream_remote_address',
  'upstream_local_address',
  'request_id',
];

/** How much of an answer that is cut came before, and of a request that was answered early, is chance. */
function comparable({ play, told, lines }: Ran): unknown {
  const { name, host, cut } = play;
  const received = told.received
    .replaceAll(/(x-envoy-upstream-service-time: )[0-9]+/g, '$1N')
    .replaceAll(/^(date: ).*$/gim, '$1D');
  const changing = [...CHANGING, ...(play.inPart ? ['bytes_received'] : []), ...(cut ? ['bytes_sent'] : [])];
  const kept = lines.map((line) => Object.fromEntries(Object.entries(line).filter(([key]) => !changing.includes(key))));
  return cut ? { name, host, lines: kept } : { name, host, received, end: told.end, lines: kept };
}
