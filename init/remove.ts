import type { Family } from '../agent/model/address.ts';
import { EXIT, SETS, UNDO_WORD, VERIFY_DESTINATIONS } from './contract.ts';
import { type Asked, ask, newToken } from './dial.ts';
import { InitFailure } from './failure.ts';
import { type Inspected, OUR_SETS } from './inspect.ts';
import { LOCK_WAIT_SECONDS } from './lock.ts';
import { flushConnections } from './netfilter/conntrack.ts';
import { ToolFailure } from './netfilter/failure.ts';
import { destroySet } from './netfilter/ipset.ts';
import { type Backend, restore } from './netfilter/iptables.ts';
import { hasRouteOut, withHostRoute } from './netfilter/route.ts';
import { type Place, undoText } from './render.ts';
import { jumpsIn, OUR_CHAINS, PLACES, savedTable } from './state.ts';

// The agent resets all flows of the namespace first; more than a moment means that it is frozen.
const UNDO_LIMIT_MS = 10_000;

// Nobody holds the port, so no flow lives; or the family cannot leave at all.
const NO_FLOW = ['ECONNREFUSED', 'ENETUNREACH', 'EADDRNOTAVAIL', 'EAFNOSUPPORT'];

/**
 * Takes away what apply programmed, in these backends, and nothing else; does nothing where nothing is. Live flows end
 * first: once the last rule is gone, conntrack forgets the redirect and their next bytes would go to the real
 * destination. Throws InitFailure with exit 70, and leaves the rules, if the agent holds the port and stays silent.
 */
export async function remove(before: Inspected, backends: readonly Backend[]): Promise<void> {
  const captured = before.families.filter((family) => backends.some((backend) => captures(before, backend, family)));
  for (const family of captured) await endFlows(family);
  await undo(before, backends, 'nat');
  if (backends.some((backend) => holds(before, backend))) await flushConnections();
  await undo(before, backends, 'filter');
  for (const name of OUR_SETS.filter((own) => before.sets.has(own) && own !== SETS.record)) await destroySet(name);
  if (before.sets.has(SETS.record)) await destroySet(SETS.record);
}

/** Whether a dial of the verify destination stays inside: redirected by nat, or refused by the gate. */
function captures(before: Inspected, backend: Backend, family: Family): boolean {
  return PLACES.some(
    (place) => place.family === family && jumpsIn(savedTable(before.survey, backend, place)).present.length > 0,
  );
}

function holds(before: Inspected, backend: Backend): boolean {
  return PLACES.some((place) => chainsIn(before, backend, place).length > 0);
}

async function endFlows(family: Family): Promise<void> {
  const token = newToken();
  const asked = await askForUndo(family, token);
  if (asked.kind === 'answered' && asked.line.startsWith(`${token} `)) return;
  if (asked.kind === 'failed' && NO_FLOW.includes(asked.code)) return;
  const what =
    asked.kind === 'answered' ? 'another answer than ours' : asked.kind === 'failed' ? asked.code : asked.because;
  throw new InitFailure(
    EXIT.software,
    `v${family}: the holder of the port did not end its flows (${what}); the rules stay. End or restart the agent, then repeat`,
  );
}

/**
 * No route to the verify destination is no proof that no flow lives, unless there is no route at all: a namespace may
 * have routes to some places only. Then the question gets a route of its own for as long as it takes; it is redirected
 * before it could leave by lo.
 */
async function askForUndo(family: Family, token: string): Promise<Asked> {
  const asking = () => ask(family, UNDO_WORD, token, UNDO_LIMIT_MS);
  const asked = await asking();
  if (asked.kind !== 'failed' || asked.code !== 'ENETUNREACH') return asked;
  try {
    if (!(await hasRouteOut(family))) return asked;
    return await withHostRoute(family, VERIFY_DESTINATIONS[family].ip, 'lo', asking);
  } catch (thrown) {
    if (thrown instanceof ToolFailure) return asked; // the family takes no route (disable_ipv6): nothing of it can live
    throw thrown;
  }
}

async function undo(before: Inspected, backends: readonly Backend[], table: Place['table']): Promise<void> {
  for (const backend of backends) {
    for (const place of PLACES.filter((each) => each.table === table && before.families.includes(each.family))) {
      const chains = chainsIn(before, backend, place);
      if (chains.length === 0) continue;
      const { present } = jumpsIn(savedTable(before.survey, backend, place));
      await restore({ family: place.family, backend }, undoText(table, chains, present), LOCK_WAIT_SECONDS);
    }
  }
}

function chainsIn(before: Inspected, backend: Backend, place: Place): readonly string[] {
  const { chains } = savedTable(before.survey, backend, place);
  return chains.filter((chain) => OUR_CHAINS.includes(chain));
}
