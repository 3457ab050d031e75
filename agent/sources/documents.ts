import { isMapping } from '../dialects/check-fields.ts';
import { type Contribution, errorAt, type Finding, pathText } from '../dialects/dialect.ts';
import { type Kind, kindOf, resourceKey, translate, unknownKind } from '../dialects/kinds.ts';
import { type Claim, claimOf } from '../dialects/kube-object.ts';
import type { Position, Problem, ResourceRef } from '../model/resource.ts';
import { complexKeySpot, locatorOf, salvage } from './locate.ts';
import { readYaml, type YamlReading } from './read-yaml.ts';
import { type Chunk, splitDocuments } from './split-documents.ts';

/** One object of a file, judged by itself: duplicates and last good versions are for others to see. */
export type ReadDocument = {
  /** `FILE#NUMBER`, with `.ITEM` below a List: names the document where it does not name itself. */
  readonly place: string;
  /** Of dialects/kinds.ts; undefined if the document does not tell which resource it is. */
  readonly key: string | undefined;
  /** The document could not be parsed, so `key` is what the wreck seems to be: it claims nothing. */
  readonly wreck: boolean;
  readonly ref: ResourceRef | undefined;
  /** undefined: not valid. */
  readonly contribution: Contribution | undefined;
  readonly problems: readonly Problem[];
  /** Kind that no dialect reads, with what to say about it: once for all documents. */
  readonly unread: { readonly kind: string; readonly message: string } | undefined;
  readonly locate: Locate;
};

type Locate = (finding: Pick<Finding, 'path' | 'within' | 'at'>) => Position;

/** Every document of a file's text. Total: any text in, never throws. */
export function readDocuments(file: string, text: string): readonly ReadDocument[] {
  return splitDocuments(text).flatMap((chunk, number) => chunkDocuments({ file, chunk, place: `${file}#${number}` }));
}

type Site = { readonly file: string; readonly chunk: Chunk; readonly place: string };

function chunkDocuments(site: Site): readonly ReadDocument[] {
  const reading = readYaml(site.chunk.text);
  const locate = locateIn(site);
  if (!reading.ok) {
    return [wreckOf(site, locate, reading)];
  }
  if (reading.value === undefined) return [];
  const items = listItems(reading.value);
  if (!items) return [judged(site.place, reading.value, locate)];
  return items.map((item, at) => {
    const below: Locate = (finding) => locate({ ...finding, path: ['items', at, ...finding.path] });
    return judged(`${site.place}.${at}`, item, below, ['items', at]);
  });
}

function locateIn(site: Site): Locate {
  const locator = locatorOf(site.chunk.text);
  return (finding) => {
    const { line, column } = locator(finding);
    return positionAt(site, line, column);
  };
}

function positionAt({ file, chunk }: Site, line: number, column: number): Position {
  return { file, line: chunk.linesBefore + line + 1, column: column + 1 };
}

/** `kind: List` of `kubectl get -o yaml`, and the typed lists of an API server. */
function listItems(value: unknown): readonly unknown[] | undefined {
  if (!isMapping(value) || typeof value['kind'] !== 'string' || !value['kind'].endsWith('List')) return undefined;
  return Array.isArray(value['items']) ? value['items'] : undefined;
}

function judged(place: string, value: unknown, locate: Locate, above: Finding['path'] = []): ReadDocument {
  const claim = claimOf(value);
  const site = { place, wreck: false, locate };
  const problemsOf = (findings: readonly Finding[], resource: ResourceRef | undefined) =>
    findings.map((finding) => problemOf(finding, above, resource, locate));
  if ('severity' in claim || !isMapping(value)) {
    const findings = 'severity' in claim ? [claim] : [errorAt([], 'not a mapping')];
    return {
      ...site,
      key: undefined,
      ref: undefined,
      contribution: undefined,
      problems: problemsOf(findings, undefined),
      unread: undefined,
    };
  }
  const kind = kindOf(claim);
  const ref = refOf(claim, kind);
  if (!kind) {
    const unread = { kind: `${claim.group}/${claim.kind}`, message: unknownKind(claim) };
    return { ...site, key: undefined, ref, contribution: { kind: 'nothing' }, problems: [], unread };
  }
  const { contribution, findings } = translate(kind, claim, value, readYaml);
  return {
    ...site,
    key: resourceKey(kind, claim),
    ref,
    contribution,
    problems: problemsOf(findings, ref),
    unread: undefined,
  };
}

function wreckOf(site: Site, locate: Locate, reading: YamlReading & { ok: false }): ReadDocument {
  const { text } = site.chunk;
  const claim = claimOf(salvage(text));
  const kind = 'severity' in claim ? undefined : kindOf(claim);
  const ref = 'severity' in claim ? undefined : refOf(claim, kind);
  const { line, column } = reading.line + reading.column > 0 ? reading : (complexKeySpot(text) ?? reading);
  const position = positionAt(site, line, column);
  return {
    place: site.place,
    key: kind && !('severity' in claim) ? resourceKey(kind, claim) : undefined,
    wreck: true,
    ref,
    contribution: undefined,
    problems: [{ severity: 'error', position, resource: ref, path: '', message: `not YAML: ${reading.message}` }],
    unread: undefined,
    locate,
  };
}

function refOf(claim: Claim, kind: Kind | undefined): ResourceRef | undefined {
  if (claim.name === undefined) return undefined;
  const namespace = kind?.scope === 'cluster' ? '' : (claim.namespace ?? 'default');
  return { kind: claim.kind, namespace, name: claim.name };
}

function problemOf(
  finding: Finding,
  above: Finding['path'],
  resource: ResourceRef | undefined,
  locate: Locate,
): Problem {
  const inner = finding.within?.length ? `: ${pathText(finding.within)}` : '';
  return {
    severity: finding.severity,
    position: locate(finding),
    resource,
    path: `${pathText([...above, ...finding.path])}${inner}`,
    message: finding.message,
  };
}
