import type { Directory } from '../identify/directory.ts';
import type { Diagnostics } from '../log/diagnostics.ts';
import type { Hop } from '../model/flow.ts';
import type { AcceptedEvent, ListenerId, Mover } from '../model/mover.ts';
import type { Source } from '../model/workload.ts';
import type { Caller } from '../pipeline/caller.ts';
import type { Located, Stages } from '../pipeline/stages.ts';
import type { GatewayIdentity, Registry } from '../registry/compile.ts';

/** In what the agent beside workloads and a gateway differ; all else is the same program (serve.ts). */
export type Role = {
  readonly hop: Hop;
  /** For whom the registry is compiled; undefined: hop mesh. */
  readonly gateway: GatewayIdentity | undefined;
  /** Callers that share what there is of flows. */
  readonly callers: number;
  /** To whom a connection is counted; undefined: nobody we listen for any longer, so it is reset. */
  readonly callerOf: (opening: AcceptedEvent) => Caller | undefined;
  readonly locate: Stages['locate'];
  readonly identify: (flow: Located, directory: Directory) => Source;
  readonly forward: Stages['forward'];
  readonly localEndpoints: boolean;
  /** Called once there is a registry. Throws StartFailure if there is nothing to listen on that must be there. */
  readonly listen: (place: Place) => Listening;
};

export type Place = {
  readonly mover: Mover;
  readonly diagnostics: Pick<Diagnostics, 'info' | 'warn'>;
  readonly registry: () => Registry;
  readonly stop: AbortSignal;
};

export type Listening = {
  /** A new registry is in force. */
  readonly follow: () => void;
  readonly ids: () => Iterable<ListenerId>;
};
