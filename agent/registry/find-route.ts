import type { RequestFacts } from '../model/evidence.ts';
import type { FlowFacts } from '../model/flow.ts';
import type { Hostname } from '../model/hostname.ts';
import type { Attribute } from '../model/verdict.ts';
import {
  type AskedRequest,
  askedRequest,
  httpMatches,
  type Standing,
  standsFor,
  tcpMatches,
  tlsMatches,
} from './match.ts';
import { normalisedPath } from './path.ts';
import type { Destination, HttpAction, RouteTable, SourceMatch } from './route-table.ts';

/** The route that a flow takes of some tables, tried in their order. */
export type Found =
  /** None of their routes is for such a flow, whatever it says: as if there were no tables. */
  | { readonly kind: 'no-table' }
  /** One of them asks for labels of the source, which nobody tells: another route than the right one might be taken. */
  | { readonly kind: 'source-unknown' }
  | { readonly kind: 'no-match'; readonly looked: readonly Attribute[] }
  /** The path as sent and as servers may read it take different routes. */
  | { readonly kind: 'ambiguous'; readonly looked: readonly Attribute[] }
  | {
      readonly kind: 'found';
      readonly table: RouteTable;
      readonly action: HttpAction;
      /** `http[2]`, for traces. */
      readonly place: string;
      /** As logs have it: the route's name, and behind a dot its match's. */
      readonly name: string | undefined;
      readonly looked: readonly Attribute[];
    };

/** A table with where it stands: at gateways it is in force by one of several. */
export type Placed = { readonly table: RouteTable; readonly standing: Standing };

export function findHttpRoute(tables: readonly Placed[], request: RequestFacts): Found {
  const looked = new Set<Attribute>();
  if (asksUnknown(tables, ({ http }) => http)) return { kind: 'source-unknown' };
  const rows = tables.flatMap(({ table, standing }) =>
    table.http.flatMap((route, at) => {
      const matches = route.matches.filter(({ source }) => standsFor(source, standing) === true);
      return matches.length === 0 ? [] : [{ table, route, matches, place: `http[${at}]` }];
    }),
  );
  if (rows.length === 0) return { kind: 'no-table' };
  const asSent = askedRequest(request);
  const normalised = { ...asSent, path: normalisedPath(asSent.path) };
  const found = first(asSent);
  const same = normalised.path === asSent.path || first(normalised)?.row === found?.row;
  if (!same && looked.has('http-path')) return { kind: 'ambiguous', looked: [...looked] };
  if (!found) return { kind: 'no-match', looked: [...looked] };
  const { table, route, place } = found.row;
  const names = [route.name, found.match.name].filter((each) => each !== undefined);
  const name = names.length > 0 ? names.join('.') : undefined;
  return { kind: 'found', table, action: route.action, place, name, looked: [...looked] };

  function first(asked: AskedRequest) {
    for (const row of rows) {
      const match = row.matches.find((each) => httpMatches(each, asked, looked));
      if (match) return { row, match };
    }
    return undefined;
  }
}

export function findTlsRoute(tables: readonly Placed[], name: Hostname | undefined, facts: FlowFacts): Found {
  return findFlowRoute(
    tables,
    ({ tls }) => tls,
    'tls',
    (match) => tlsMatches(match, name, facts.destination.ip),
  );
}

export function findTcpRoute(tables: readonly Placed[], facts: FlowFacts): Found {
  return findFlowRoute(
    tables,
    ({ tcp }) => tcp,
    'tcp',
    (match) => tcpMatches(match, facts.destination.ip),
  );
}

type FlowRoute<Match> = { readonly matches: readonly Match[]; readonly destinations: readonly Destination[] };

function findFlowRoute<Match extends { readonly source: SourceMatch }>(
  tables: readonly Placed[],
  routesOf: (table: RouteTable) => readonly FlowRoute<Match>[],
  list: string,
  fits: (match: Match) => boolean,
): Found {
  let some = false;
  if (asksUnknown(tables, routesOf)) return { kind: 'source-unknown' };
  for (const { table, standing } of tables) {
    for (const [at, { matches, destinations }] of routesOf(table).entries()) {
      const standingFor = matches.filter(({ source }) => standsFor(source, standing) === true);
      some ||= standingFor.length > 0;
      if (!standingFor.some(fits)) continue;
      const action: HttpAction = { kind: 'route', destinations };
      return { kind: 'found', table, action, place: `${list}[${at}]`, name: undefined, looked: LOOKED };
    }
  }
  return some ? { kind: 'no-match', looked: LOOKED } : { kind: 'no-table' };
}

type Matching = { readonly matches: readonly { readonly source: SourceMatch }[] };

function asksUnknown(tables: readonly Placed[], routesOf: (table: RouteTable) => readonly Matching[]): boolean {
  return tables.some(({ table, standing }) =>
    routesOf(table).some(({ matches }) => matches.some(({ source }) => standsFor(source, standing) === 'unknown')),
  );
}

const LOOKED: readonly Attribute[] = ['destination'];
