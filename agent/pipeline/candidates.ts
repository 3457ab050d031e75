import type { Endpoint } from '../model/address.ts';
import type { Failure } from '../model/failure.ts';
import type { Hostname } from '../model/hostname.ts';
import type { Route } from '../model/verdict.ts';
import { forbiddenToDial, type OwnPlace } from '../registry/may-dial.ts';
import { dialPlan, namesToResolve } from '../upstream/plan.ts';
import type { Resolution } from '../upstream/resolve/resolution.ts';
import type { EnrolledNamespace } from './enrolled-namespace.ts';

/** A known answer comes at once. `asker`: so that one namespace cannot use up the questions under way. */
type Resolve = (name: Hostname, asker: EnrolledNamespace) => Promise<Resolution> | Resolution;

export type CandidateOptions = {
  readonly resolve: Resolve;
  /** Asked after resolution, so that the address judged is the address dialled. */
  readonly ownPlace: () => OwnPlace;
  /** In [0, 1): which of several weighted targets comes first. */
  readonly random: () => number;
};

export type Candidates =
  | { readonly ok: true; readonly endpoints: readonly [Endpoint, ...Endpoint[]] }
  | { readonly ok: false; readonly failure: Failure };

/** Where an admitted flow may be dialled, in order: the route's addresses less those that are never dialled. */
export async function candidatesOf(
  route: Route,
  { destination, enrolled }: { readonly destination: Endpoint; readonly enrolled: EnrolledNamespace },
  options: CandidateOptions,
): Promise<Candidates> {
  if (route.dial === 'original') return permitted([destination], FORBIDDEN_ORIGINAL, options);
  const names = namesToResolve(route.targets);
  const resolutions = new Map<Hostname, Resolution>();
  const resolving = names.map(async (name) => resolutions.set(name, await options.resolve(name, enrolled)));
  if (resolving.length > 0) await Promise.all(resolving);
  const endpoints = dialPlan(route.targets, resolutions, options.random());
  if (endpoints.length === 0) {
    const failure = resolutions.size > 0 ? UNRESOLVED : NO_ENDPOINT;
    return { ok: false, failure };
  }
  return permitted(endpoints, resolutions.size > 0 ? FORBIDDEN_ANSWER : FORBIDDEN_ENDPOINT, options);
}

function permitted(endpoints: readonly Endpoint[], otherwise: Failure, { ownPlace }: CandidateOptions): Candidates {
  const own = ownPlace();
  const [first, ...rest] = endpoints.filter(({ ip }) => forbiddenToDial(ip, own) === undefined);
  return first ? { ok: true, endpoints: [first, ...rest] } : { ok: false, failure: otherwise };
}

const FORBIDDEN_ORIGINAL: Failure = { code: 'address-forbidden', httpStatus: 502, flag: '-' };
const FORBIDDEN_ENDPOINT: Failure = { code: 'address-forbidden', httpStatus: 503, flag: 'UF' };
const FORBIDDEN_ANSWER: Failure = { code: 'address-forbidden', httpStatus: 503, flag: 'UH' };
const UNRESOLVED: Failure = { code: 'resolve-failed', httpStatus: 503, flag: 'UH' };
const NO_ENDPOINT: Failure = { code: 'no-endpoint', httpStatus: 503, flag: 'UH' };
