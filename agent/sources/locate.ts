import {
  type Document,
  isAlias,
  isCollection,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  visit,
} from 'yaml';
import { lowerCamel } from '../dialects/check-fields.ts';
import type { Finding, Path } from '../dialects/dialect.ts';

/** Lines and columns count from 0. */
export type Spot = { readonly line: number; readonly column: number };

export type Locator = (finding: Pick<Finding, 'path' | 'within' | 'at'>) => Spot;

/**
 * Where a field stands in the text of one document: the slow reader, which keeps positions, run at the first question. A
 * field that is not there is answered with the nearest that is above it. Never throws.
 */
export function locatorOf(text: string): Locator {
  let parsed: Parsed | undefined;
  return (finding) => {
    parsed ??= parse(text);
    return spotOf(text, parsed, finding);
  };
}

type Parsed = { readonly document: Document.Parsed; readonly lines: LineCounter };

function parse(text: string): Parsed {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: 'silent',
    merge: true,
  });
  return { document, lines };
}

function spotOf(text: string, { document, lines }: Parsed, finding: Pick<Finding, 'path' | 'within' | 'at'>): Spot {
  const found = find(document, finding.path);
  const offset = finding.at === 'key' ? (found.key ?? found.value) : shown(found);
  const outer = spotAt(lines, offset?.range?.[0] ?? document.contents?.range[0] ?? 0);
  const holder = found.value;
  if (!finding.within || !isScalar(holder) || holder.type !== 'BLOCK_LITERAL' || typeof holder.value !== 'string')
    return outer;
  const header = spotAt(lines, holder.range?.[0] ?? 0);
  const inner = locatorOf(holder.value)({ path: finding.within, within: undefined, at: finding.at });
  return { line: header.line + 1 + inner.line, column: indentBelow(text, header.line) + inner.column };
}

/** The key if its value spreads over the lines below it, or is not there to be seen; else the value. */
function shown({ key, value }: Found): Node | undefined {
  if (!value || !key) return value ?? key;
  if (isCollection(value) && !value.flow) return key;
  return isScalar(value) && value.type === 'PLAIN' && value.source === '' ? key : value;
}

type Found = { readonly key: Node | undefined; readonly value: Node | undefined };

function find(document: Document.Parsed, path: Path): Found {
  let found: Found = { key: undefined, value: document.contents ?? undefined };
  for (const step of path) {
    const below = child(resolved(document, found.value), step);
    if (!below) return missing(found);
    found = below;
  }
  return found;
}

/** A missing field is shown at the key of its parent, or where the parent begins. */
function missing({ key, value }: Found): Found {
  return key ? { key, value: undefined } : { key: undefined, value };
}

function resolved(document: Document.Parsed, node: Node | undefined): Node | undefined {
  return isAlias(node) ? node.resolve(document) : node;
}

function child(node: Node | undefined, step: string | number): Found | undefined {
  if (isSeq<Node>(node) && typeof step === 'number') {
    const value = node.items[step];
    return value && { key: undefined, value };
  }
  if (!isMap<Node, Node | null>(node)) return undefined;
  const named = (same: (name: string) => boolean) =>
    node.items.find((pair) => isScalar(pair.key) && same(String(pair.key.value)));
  // A Finding names fields as the schema does; the document may write them in snake_case.
  const pair = named((name) => name === step) ?? named((name) => lowerCamel(name) === step);
  return pair && { key: pair.key, value: pair.value ?? undefined };
}

function spotAt(lines: LineCounter, offset: number): Spot {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(0, line - 1), column: Math.max(0, col - 1) };
}

/** The indentation of a block scalar: that of its first line that is not blank. */
function indentBelow(text: string, line: number): number {
  for (const below of text.split('\n').slice(line + 1)) {
    const blanks = below.search(/[^ \r]/);
    if (blanks !== -1) return blanks;
  }
  return 0;
}

/** The first key that is a mapping or a list, as an unfilled template `{{ … }}` is to YAML: the fast reader gives no place. */
export function complexKeySpot(text: string): Spot | undefined {
  const { document, lines } = parse(text);
  let offset: number | undefined;
  visit(document, {
    Pair(_, pair) {
      if (!isCollection(pair.key)) return undefined;
      offset = pair.key.range?.[0];
      return visit.BREAK;
    },
  });
  return offset === undefined ? undefined : spotAt(lines, offset);
}

/** What of a document that cannot be read in full can still be read: only good for asking which resource it was. */
export function salvage(text: string): unknown {
  try {
    return parse(text).document.toJS({ maxAliasCount: 100 });
  } catch {
    return undefined; // nothing could be saved, and the reader's own complaint has been reported already
  }
}
