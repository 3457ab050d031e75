import type { FlowFacts, Hop } from '../model/flow.ts';
import { refText } from '../model/resource.ts';
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

/** What set the mode, for a person. */
export function modeText({ modeRef }: Registry): string {
  return modeRef ? refText(modeRef) : 'the default, since nothing configures a mode';
}

type Seen = { readonly visibleTo: Visibility; readonly ref: { readonly namespace: string } };

/** The first that the namespace sees; one of its own before all others. */
export function preferred<T>(all: readonly T[], namespace: string, of: (one: T) => Seen): T | undefined {
  const visible = all.filter((one) => sees(of(one).visibleTo, namespace));
  return visible.find((one) => of(one).ref.namespace === namespace) ?? visible[0];
}
