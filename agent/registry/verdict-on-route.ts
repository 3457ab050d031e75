import type { Port } from '../model/port.ts';
import { type ResourceRef, refText } from '../model/resource.ts';
import type { Attribute, Decision } from '../model/verdict.ts';
import { leadTo } from './destination.ts';
import type { Found } from './find-route.ts';
import { deny, denyUnrouted, type Question } from './question.ts';

/** What decided before the route was looked for. */
export type SoFar = {
  /** For destinations that name none and have several. */
  readonly port: Port;
  readonly matched: readonly ResourceRef[];
  readonly looked: readonly Attribute[];
};

/** The verdict that a route, or the want of one, comes to. */
export function verdictOn(asked: Question, found: Exclude<Found, { kind: 'no-table' }>, soFar: SoFar): Decision {
  const { trace } = asked;
  if (found.kind === 'source-unknown') {
    trace('one of its routes asks for labels of the source, which no Pod resource tells');
    return { ...deny('source-unknown', soFar.looked), matched: soFar.matched };
  }
  const looked = [...new Set([...soFar.looked, ...found.looked])];
  switch (found.kind) {
    case 'no-match':
      trace('none of its routes takes this');
      return denyUnrouted('no-route', soFar.matched, looked);
    case 'ambiguous':
      trace('the path as sent and as servers may read it take different routes');
      return denyUnrouted('path-ambiguous', soFar.matched, looked);
    case 'found': {
      const { action, place, table, name } = found;
      const matched = [...soFar.matched, table.ref];
      trace(`its ${place} takes this`);
      if (action.kind === 'route') {
        return leadTo(asked, { destinations: action.destinations, port: soFar.port, name, matched, looked });
      }
      trace(`${action.what} is not built yet: refused rather than sent on without it (${refText(table.ref)})`);
      return { ...deny('route-unsupported', looked), httpStatus: 503, matched };
    }
  }
}
