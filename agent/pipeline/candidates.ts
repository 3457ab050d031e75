import { type Endpoint, familyOf } from '../model/address.ts';
import type { Failure } from '../model/failure.ts';
import type { Hostname } from '../model/hostname.ts';
import type { Route } from '../model/verdict.ts';
import { addressIsForbidden, forbiddenToDial, type OwnPlace } from '../registry/may-dial.ts';
import type { EndpointHealth } from '../upstream/health.ts';
import { dialPlan, namesToResolve } from '../upstream/plan.ts';
import type { Resolution } from '../upstream/resolve/resolution.ts';
import type { Caller } from './caller.ts';
import type { Asked } from './connect-target.ts';

/** A known answer comes at once. `asker`: so that one caller cannot use up the questions under way. */
type Resolve = (name: Hostname, asker: string) => Promise<Resolution> | Resolution;

export type CandidateOptions = {
  readonly resolve: Resolve;
  /** Asked after resolution, so that the address judged is the address dialled. */
  readonly ownPlace: () => OwnPlace;
  /** In [0, 1): which of several weighted targets comes first. */
  readonly random: () => number;
  readonly health: EndpointHealth;
};

export type Candidates =
  | { readonly ok: true; readonly endpoints: readonly [Endpoint, ...Endpoint[]] }
  | { readonly ok: false; readonly failure: Failure };

/**
 * Where an admitted flow may be dialled, in order: the route's addresses less those that are never dialled. Each is judged
 * by how it came about: an endpoint of a resource, a Service's, or an answer of DNS.
 */
export async function candidatesOf(
  { dial, targets, unknown }: Route,
  { asked, caller }: { readonly asked: Asked; readonly caller: Caller },
  options: CandidateOptions,
): Promise<Candidates> {
  const { health, random } = options;
  if (dial === 'original') return original(asked.destination, options);
  const resolutions = new Map<Hostname, Resolution>();
  const resolving = namesToResolve(targets).map(async (name) =>
    resolutions.set(name, await options.resolve(name, caller.key)),
  );
  if (resolving.length > 0) await Promise.all(resolving);
  const own = options.ownPlace();
  const permitted = targets.filter((target) => target.kind === 'name' || addressIsForbidden(target, own) === undefined);
  const planned = dialPlan(permitted, permittedAnswers(resolutions, own), random());
  const [first, ...rest] = permitted.some(({ kind }) => kind === 'service') ? likeDialled(planned, asked) : planned;
  if (first) return { ok: true, endpoints: health.ordered([first, ...rest]) };
  const named = resolutions.size > 0;
  if (dialPlan(targets, resolutions, 0).length > 0) {
    return { ok: false, failure: named ? FORBIDDEN_ANSWER : FORBIDDEN_ENDPOINT };
  }
  return { ok: false, failure: named ? UNRESOLVED : unknown ? UNKNOWN_DESTINATION : NO_ENDPOINT };
}

/** A Service's pods have addresses of both families: those of the family that the client dialled come first. */
function likeDialled(endpoints: readonly Endpoint[], { destination }: Asked): readonly Endpoint[] {
  if (destination.ip === undefined) return endpoints;
  const family = familyOf(destination.ip);
  const alike = (endpoint: Endpoint): boolean => familyOf(endpoint.ip) === family;
  return [...endpoints.filter(alike), ...endpoints.filter((each) => !alike(each))];
}

function original({ ip, port }: Asked['destination'], { ownPlace }: CandidateOptions): Candidates {
  if (ip === undefined) return { ok: false, failure: NO_ENDPOINT };
  const endpoint = { ip, port };
  const forbidden = addressIsForbidden({ kind: 'answer', endpoint }, ownPlace());
  return forbidden ? { ok: false, failure: FORBIDDEN_ORIGINAL } : { ok: true, endpoints: [endpoint] };
}

function permittedAnswers(
  resolutions: ReadonlyMap<Hostname, Resolution>,
  own: OwnPlace,
): ReadonlyMap<Hostname, Resolution> {
  const permitted = new Map<Hostname, Resolution>();
  for (const [name, resolution] of resolutions) {
    if (resolution.kind !== 'addresses') continue;
    const ips = resolution.ips.filter((ip) => forbiddenToDial(ip, own) === undefined);
    if (ips.length > 0) permitted.set(name, { ...resolution, ips });
  }
  return permitted;
}

const FORBIDDEN_ORIGINAL: Failure = { code: 'address-forbidden', httpStatus: 502, flag: '-' };
const FORBIDDEN_ENDPOINT: Failure = { code: 'address-forbidden', httpStatus: 503, flag: 'UF' };
const FORBIDDEN_ANSWER: Failure = { code: 'address-forbidden', httpStatus: 503, flag: 'UH' };
const UNRESOLVED: Failure = { code: 'resolve-failed', httpStatus: 503, flag: 'UH' };
const NO_ENDPOINT: Failure = { code: 'no-endpoint', httpStatus: 503, flag: 'UH' };
const UNKNOWN_DESTINATION: Failure = { code: 'no-endpoint', httpStatus: 503, flag: 'NC' };
