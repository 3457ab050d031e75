import type { IpAddress } from './address.ts';
import type { Evidence } from './evidence.ts';
import type { Port } from './port.ts';
import type { Answers } from './verdict.ts';
import type { Source } from './workload.ts';

/** Who is deciding: the agent beside the workload, or a named gateway. */
export type Hop = { readonly kind: 'mesh' };

/** All that decide may look at. What is undefined is not known, and what is not known never widens access. */
export type FlowFacts = {
  readonly source: Source;
  readonly destination: {
    /** undefined in `explain --to NAME:PORT`: an address that the name resolves to, whichever it is. */
    readonly ip: IpAddress | undefined;
    readonly port: Port;
  };
  readonly evidence: Evidence;
  readonly answers: Answers | undefined;
};
