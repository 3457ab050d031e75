import type { FlowFacts, Hop } from '../model/flow.ts';
import { type ResourceRef, refText } from '../model/resource.ts';
import type { Attribute, Deny, DenyReason } from '../model/verdict.ts';
import type { Registry } from './compile.ts';
import { sees, type Visibility } from './visibility.ts';

/** Called with one sentence for each step of a decision; `explain` keeps them. */
export type Trace = (step: string) => void;

/** One question to a registry, as all parts of the decision see it. */
export type Question = {
  readonly registry: Registry;
  readonly hop: Hop;
  readonly facts: FlowFacts;
  /** Whose view of the resources counts: the source's namespace, or the gateway's for clients from outside. */
  readonly namespace: string;
  readonly trace: Trace;
};

export function deny(reason: DenyReason, dependsOn: readonly Attribute[]): Deny {
  return { kind: 'deny', reason, httpStatus: 502, matched: [], dependsOn };
}

/** No route takes it, or nobody can say which: 404, as Envoy's flag NR. */
export function denyUnrouted(
  reason: Extract<DenyReason, 'no-route' | 'path-ambiguous'>,
  matched: readonly ResourceRef[],
  dependsOn: readonly Attribute[],
): Deny {
  return { ...deny(reason, dependsOn), httpStatus: 404, flag: 'NR', matched };
}

/** What set the mode, for a person. */
export function modeText({ modeRef }: Registry): string {
  return modeRef ? refText(modeRef) : 'the default, since nothing configures a mode';
}

/** The same as a verdict names it. */
export function modeMatched({ modeRef }: Registry): readonly ResourceRef[] {
  return modeRef ? [modeRef] : [];
}

type Seen = { readonly visibleTo: Visibility; readonly ref: { readonly namespace: string } };

/** The first that the namespace sees; one of its own before all others. */
export function preferred<T>(all: readonly T[], namespace: string, of: (one: T) => Seen): T | undefined {
  const visible = allSeen(all, namespace, of);
  return visible?.find((one) => of(one).ref.namespace === namespace) ?? visible?.[0];
}

/** Those that the namespace sees; undefined: none, so that what is less specific is asked. */
export function allSeen<T>(
  all: readonly T[],
  namespace: string,
  of: (one: T) => Pick<Seen, 'visibleTo'>,
): readonly T[] | undefined {
  const seen = all.filter((one) => sees(of(one).visibleTo, namespace));
  return seen.length > 0 ? seen : undefined;
}
