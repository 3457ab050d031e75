import type { IpAddress } from '../model/address.ts';
import type { Evidence } from '../model/evidence.ts';
import type { Hostname } from '../model/hostname.ts';
import type { Decision } from '../model/verdict.ts';
import type { Source } from '../model/workload.ts';
import type { Registry } from '../registry/compile.ts';
import { decide } from '../registry/decide.ts';
import type { Caller } from './caller.ts';
import type { Asked } from './connect-target.ts';
import type { Stages } from './stages.ts';

/** One question to one registry, asked as often as more is known. */
export type Question = {
  readonly ask: (evidence: Evidence) => Decision;
  /** Finds out the addresses of these names, for when it is asked again. */
  readonly gather: (names: readonly Hostname[]) => Promise<void>;
};

/** Whether this source may have what is `asked`. */
export function questionTo(
  registry: Registry,
  { source, caller }: { readonly source: Source; readonly caller: Caller },
  asked: Asked,
  { hop, resolve }: Stages,
): Question {
  const answers = new Map<Hostname, readonly IpAddress[]>();
  return {
    ask: (evidence) =>
      decide(registry, hop, {
        source,
        destination: asked.destination,
        ...(asked.listener === undefined ? {} : { listener: asked.listener }),
        evidence,
        answers: asked.answers ?? (answers.size > 0 ? { kind: 'resolved', byName: answers } : undefined),
      }),
    gather: async (names) => {
      const resolved = await Promise.all(
        names.map(async (name) => ({ name, resolution: await resolve(name, caller.key) })),
      );
      // A name that has no address cannot be told from one that cannot be asked: neither widens access.
      for (const { name, resolution } of resolved)
        answers.set(name, resolution.kind === 'addresses' ? resolution.ips : []);
    },
  };
}
