/**
 * What either side sees on the wire when the other ends, resets, falls silent or reads no more: docs/faults.md, row by
 * row, from captured packets, and next to haproxy in the same place.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { CELLS, type Numbered } from '../support/faults/cells.ts';
import { problemsOf } from '../support/faults/check.ts';
import { documentedDifferences, documentedTable } from '../support/faults/documented.ts';
import { type Observations, type Observed, observeAll } from '../support/faults/observe.ts';
import { FAULTS, MOMENTS } from '../support/faults/row.ts';
import { ROWS } from '../support/faults/rows.ts';
import { GATEWAYS, makeWorld, type Relay, type World } from '../support/faults/world.ts';
import { NODE } from '../support/lab/topology.ts';

let world: World;
let seen: Observations;
before(async () => {
  world = await makeWorld();
  seen = await observeAll(world);
});
after(() => world?.lab.close());

describe('what either side sees, as docs/faults.md tells it', () => {
  for (const cell of CELLS) {
    test(cell.name, () => {
      const dialsFrom = cell.way === 'direct' ? NODE.v4 : world.lab.pod(GATEWAYS.weir).v4;
      assert.deepEqual(problemsOf(cell, of('weir', cell), dialsFrom), []);
    });
  }

  test('there is a row for each fault of each side at each moment; no origin is there before the verdict', () => {
    const wanted = MOMENTS.flatMap((when) =>
      (when === 'before the verdict' ? (['client'] as const) : (['client', 'origin'] as const)).flatMap((who) =>
        FAULTS.map((does) => [who, does, when]),
      ),
    );
    assert.deepEqual(
      ROWS.map(({ who, does, when }) => [who, does, when]),
      wanted,
    );
  });

  test('the page has the same rows', () => {
    assert.deepEqual(
      documentedTable('What either side sees').map((cells) => cells.join(' | ')),
      ROWS.map(({ who, does, when, client, originSees }) => [who, does, when, client, originSees].join(' | ')),
    );
  });
});

test('haproxy shows the same, but for what docs/faults.md explains', () => {
  const differences = CELLS.flatMap((cell) => {
    const [ours, theirs] = [of('weir', cell), of('haproxy', cell)];
    const sides = [
      ['client', ours.client.leg, theirs.client.leg],
      ['origin', ours.origin.leg, theirs.origin.leg],
    ] as const;
    return sides
      .filter(([, weir, haproxy]) => weir !== haproxy)
      .map(([side, weir, haproxy]) => [cell.name, side, weir, haproxy].join(' | '));
  });
  assert.deepEqual(differences.sort(), [...documentedDifferences()].sort());
});

function of(relay: Relay, { name }: Numbered): Observed {
  const observed = seen[relay].get(name);
  assert.ok(observed, `${name} was not played`);
  return observed;
}
