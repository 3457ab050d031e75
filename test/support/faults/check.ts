import type { Numbered } from './cells.ts';
import type { Observed } from './observe.ts';
import type { Event, ToldLeg, Way } from './tell-leg.ts';

/** What is wrong with a cell, in sentences; nothing: it is as the table says, in time, and where it should be. */
export function problemsOf(cell: Numbered, observed: Observed, dialsFrom: string): readonly string[] {
  const { stuckAt, client, origin } = observed;
  return [
    ...(stuckAt ? [`did not come about: ${stuckAt}`] : []),
    ...(client.leg === cell.client ? [] : [`the client's side showed ${client.leg}, expected ${cell.client}`]),
    ...(origin.leg === cell.originSees ? [] : [`the origin's side showed ${origin.leg}, expected ${cell.originSees}`]),
    ...origin.from.filter((ip) => ip !== dialsFrom).map((ip) => `the origin was dialled from ${ip}, not ${dialsFrom}`),
    ...whatHappened(observed),
    ...tooEarly(cell, observed),
    ...passedOnLate('→', client, origin),
    ...passedOnLate('←', origin, client),
  ];
}

/** No side may end in the spans in which nothing should happen. */
function whatHappened({ watched, client, origin }: Observed): readonly string[] {
  return [...client.events, ...origin.events]
    .filter(({ kind, at }) => isEnd(kind) && watched.some(({ from, to }) => at >= from && at <= to))
    .map(({ way, kind }) => `${way}${kind} while nothing should happen`);
}

/** What a client does before the verdict or during the dial comes before the origin has taken the connection. */
function tooEarly({ who, does, when }: Numbered, { watched, client, origin }: Observed): readonly string[] {
  const opened = origin.events.find(({ kind }) => kind === 'open')?.at;
  if (who !== 'client' || when === 'in mid-stream' || does === 'zero window' || opened === undefined) return [];
  const acted =
    does === 'silence' ? watched[0]?.to : client.events.find(({ way, kind }) => way === '→' && isEnd(kind))?.at;
  return acted !== undefined && acted < opened ? [] : [`not ${when}: the origin was there before`];
}

/** An end goes on once what was before it has, and the other side is there; never ahead of its cause. */
function passedOnLate(way: Way, cause: ToldLeg, effect: ToldLeg): readonly string[] {
  const from = cause.events.find((event) => event.way === way && isEnd(event.kind));
  const index = effect.events.findIndex((event) => event.way === way && isEnd(event.kind));
  const to = effect.events[index];
  if (!from || !to) return [];
  if (to.at < from.at) return [`${way}${to.kind} was there before its cause`];
  const free = Math.max(from.at, ...effect.events.slice(0, index).map(({ until }) => until));
  const seconds = to.at - free;
  return seconds > PASSED_ON_WITHIN_S ? [`${way}${to.kind} was passed on after ${seconds.toFixed(1)} s`] : [];
}

function isEnd(kind: Event['kind']): boolean {
  return kind === 'FIN' || kind === 'RST';
}

/** Far more than it takes, less than any deadline that could have ended the flow instead. */
const PASSED_ON_WITHIN_S = 2;
