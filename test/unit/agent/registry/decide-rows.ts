import { equal } from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Evidence } from '../../../../agent/model/evidence.ts';
import type { Answers, Decision } from '../../../../agent/model/verdict.ts';
import { decide } from '../../../../agent/registry/decide.ts';
import type { Mode } from '../../../../agent/registry/model.ts';
import { flow, MESH, registryOf, type Said } from './builders.ts';

/**
 * A row is a sentence. `want`: `deny CODE`, `allow-any`, `need ATTRIBUTES [NAMES] [may pass without]`, or where a grant
 * leads: `original`, `name a.test:80`, `endpoint 198.18.0.1:80`, `nowhere`.
 */
export type Row = {
  readonly says: string;
  readonly given: readonly Said[];
  readonly mode?: Mode;
  readonly to: string;
  readonly shows: Evidence;
  readonly from?: string;
  readonly answers?: Answers;
  readonly want: string;
};

export function rowsOf(title: string, rows: readonly Row[]): void {
  describe(title, () => {
    for (const row of rows) {
      test(row.says, () => {
        const facts = flow(row.to, row.shows, row.answers, row.from);
        equal(said(decide(registryOf(row.given, row.mode), MESH, facts)), row.want);
      });
    }
  });
}

export function said(decision: Decision): string {
  switch (decision.kind) {
    case 'deny':
      return `deny ${decision.reason}`;
    case 'need':
      return [
        'need',
        ...decision.attributes,
        ...decision.names,
        ...(decision.admissibleWithout ? ['may pass without'] : []),
      ].join(' ');
    case 'allow': {
      if (decision.reason === 'allow-any') return 'allow-any';
      const { dial, targets } = decision.route;
      if (dial === 'original') return 'original';
      const [target] = targets;
      if (!target) return 'nowhere';
      return target.kind === 'name'
        ? `name ${target.name}:${target.port}`
        : `endpoint ${target.endpoint.ip}:${target.endpoint.port}`;
    }
  }
}

export const HTTP: Said = { name: 'web', hosts: ['api.test'], ports: ['80 http'] };
export const TLS: Said = { name: 'web', hosts: ['api.test'], ports: ['443 tls'] };
export const TCP: Said = { name: 'db', hosts: ['db.test'], ports: ['3306 tcp'] };
export const KEPT: Said = { ...HTTP, reach: 'original' };
export const SOME = '203.0.113.9';
