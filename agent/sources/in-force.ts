import type { Contribution } from '../dialects/dialect.ts';
import { type Problem, refText } from '../model/resource.ts';
import type { ResourceSet } from '../registry/model.ts';
import type { ReadDocument } from './documents.ts';

/** What one file showed at this reading. */
export type FileReading =
  | { readonly file: string; readonly documents: readonly ReadDocument[] }
  /** It could not be read: nothing is known about its documents. */
  | { readonly file: string; readonly problem: Problem };

/** The resources that hold now, and which document held each, so that a later bad version can leave them alone. */
export type InForce = {
  readonly resources: ReadonlyMap<string, Contribution>;
  /** From a document's place to the resource that it held when that could last be told. */
  readonly places: ReadonlyMap<string, string>;
};

export const NOTHING_IN_FORCE: InForce = { resources: new Map(), places: new Map() };

/**
 * Joins the readings of all files into what is in force. A bad document changes nothing but its own status: the last good
 * version of *that* resource stays. A resource of which no document is left is gone. Pure.
 */
export function settle(before: InForce, readings: readonly FileReading[]): { inForce: InForce; problems: Problem[] } {
  const documents = readings.flatMap((reading) => ('problem' in reading ? [] : reading.documents));
  const draft = new Draft(before);
  draft.unread(documents.filter((document) => document.unread));
  for (const document of documents) if (isNamed(document)) draft.named(document, document.key);
  // Last, when it is known which resources have a document that names them.
  for (const document of documents) if (!isNamed(document) && !document.unread) draft.nameless(document);
  for (const reading of readings) if ('problem' in reading) draft.unreadable(reading.file, reading.problem);
  return {
    inForce: { resources: draft.resources, places: draft.places },
    problems: draft.problems.toSorted(byPosition),
  };
}

function isNamed(document: ReadDocument): document is ReadDocument & { readonly key: string } {
  return document.key !== undefined && !document.wreck;
}

/** The next InForce while it is being made. A resource is settled by the first document that names it. */
class Draft {
  readonly resources = new Map<string, Contribution>();
  readonly places = new Map<string, string>();
  readonly problems: Problem[] = [];
  readonly #before: InForce;
  readonly #firsts = new Map<string, ReadDocument>();

  constructor(before: InForce) {
    this.#before = before;
  }

  /** One warning a kind. */
  unread(documents: readonly ReadDocument[]): void {
    const kinds = new Set<string>();
    for (const document of documents) {
      if (!document.unread || kinds.has(document.unread.kind)) continue;
      kinds.add(document.unread.kind);
      const position = document.locate({ path: ['kind'], within: undefined, at: 'value' });
      const { message } = document.unread;
      this.problems.push({ severity: 'warning', position, resource: document.ref, path: 'kind', message });
    }
  }

  named(document: ReadDocument, key: string): void {
    this.places.set(document.place, key);
    const first = this.#firsts.get(key);
    if (first) {
      this.problems.push(duplicateProblem(document, first));
      return;
    }
    const kept = document.contribution === undefined && this.#keep(key);
    this.#firsts.set(key, document);
    if (document.contribution) this.resources.set(key, document.contribution);
    this.#tell(document.problems, kept);
  }

  /** A wreck counts for the resource that it seems to be, else for what stood in its place. */
  nameless(document: ReadDocument): void {
    const { place, key } = document;
    const held =
      key === undefined
        ? [...this.#heldAt((was) => was === place || was.startsWith(`${place}.`))]
        : [[place, key] as const];
    let kept = false;
    for (const [was, former] of held) {
      this.places.set(was, former);
      kept = this.#keep(former) || kept;
    }
    this.#tell(document.problems, kept);
  }

  unreadable(file: string, problem: Problem): void {
    let kept = false;
    for (const [place, key] of this.#heldAt((was) => was.startsWith(`${file}#`))) {
      this.places.set(place, key);
      kept = this.#keep(key) || kept;
    }
    this.#tell([problem], kept);
  }

  *#heldAt(isThere: (place: string) => boolean): Generator<readonly [place: string, key: string]> {
    for (const [place, key] of this.#before.places) if (isThere(place)) yield [place, key];
  }

  /** False if there is no last good version, or a document speaks for the resource. */
  #keep(key: string): boolean {
    const last = this.#before.resources.get(key);
    if (!last || this.#firsts.has(key) || this.resources.has(key)) return false;
    this.resources.set(key, last);
    return true;
  }

  #tell(problems: readonly Problem[], kept: boolean): void {
    for (const problem of problems) {
      const stays = kept && problem.severity === 'error' ? ' (its last good version stays in force)' : '';
      this.problems.push({ ...problem, message: `${problem.message}${stays}` });
    }
  }
}

function duplicateProblem(document: ReadDocument, first: ReadDocument): Problem {
  const name = { path: ['metadata', 'name'], within: undefined, at: 'value' } as const;
  const { file, line } = first.locate(name);
  const what = document.ref ? refText(document.ref) : 'this resource';
  return {
    severity: 'error',
    position: document.locate(name),
    resource: document.ref,
    path: 'metadata.name',
    message: `${what} is there already, at ${file}:${line}, which stands; expected each resource once`,
  };
}

function byPosition(a: Problem, b: Problem): number {
  if (a.position.file !== b.position.file) return a.position.file < b.position.file ? -1 : 1;
  return a.position.line - b.position.line || a.position.column - b.position.column;
}

/** The resources in force as the registry wants them, in the order of files and documents. */
export function resourceSetOf(inForce: InForce): ResourceSet {
  const contributions = [...inForce.resources.values()];
  return {
    mode: contributions.find((contribution) => contribution.kind === 'mode')?.mode,
    grants: contributions.flatMap((one) => (one.kind === 'grant' ? [one.grant] : [])),
    workloads: contributions.flatMap((one) => (one.kind === 'workload' ? [one.workload] : [])),
    routeTables: contributions.flatMap((one) => (one.kind === 'route-table' ? [one.routeTable] : [])),
    gateways: contributions.flatMap((one) => (one.kind === 'gateway' ? [one.gateway] : [])),
    services: contributions.flatMap((one) => (one.kind === 'service' ? [one.service] : [])),
    endpoints: contributions.flatMap((one) => (one.kind === 'endpoints' ? [one.endpoints] : [])),
    destinationPolicies: contributions.flatMap((one) =>
      one.kind === 'destination-policy' ? [one.destinationPolicy] : [],
    ),
  };
}
