import { isLabel } from '../../model/kube-name.ts';
import type { Visibility } from '../../registry/visibility.ts';
import { errorAt, type Finding } from '../dialect.ts';
import { listOf, parsedText } from '../expect.ts';
import { repeats } from '../repeated.ts';

// spec.exportTo, the same in every kind of networking.istio.io that has it.

export type ExportEntry =
  | { readonly kind: 'own' | 'all' | 'none' }
  | { readonly kind: 'namespace'; readonly name: string };

export const EXPORT_TO = listOf(
  'a list of namespaces, ".", "*" or "~"',
  parsedText('a namespace, "." (this one), "*" (all) or "~" (none)', exportEntry),
  { min: 0, max: 4096 },
);

/** No entry: everyone, as in Istio's default mesh config. */
export function visibilityOf(exportTo: readonly ExportEntry[], own: string): Visibility {
  if (exportTo.length === 0) return 'all';
  const namespaces = new Set<string>();
  for (const entry of exportTo) {
    switch (entry.kind) {
      case 'all':
        return 'all';
      case 'own':
        namespaces.add(own);
        break;
      case 'namespace':
        namespaces.add(entry.name);
        break;
      case 'none':
        break;
    }
  }
  return namespaces;
}

/** Such a resource adds nothing. */
export function seenByNobody(visibleTo: Visibility): boolean {
  return visibleTo !== 'all' && visibleTo.size === 0;
}

export function* exportRules(exportTo: readonly ExportEntry[], namespace: string): Generator<Finding> {
  for (const { at, first } of repeats(exportTo.map((entry) => keyOf(entry, namespace))))
    yield errorAt(['spec', 'exportTo', at], `says the same as exportTo[${first}]; expected each once`);
  for (const [at, entry] of exportTo.entries()) {
    if (exportTo.length > 1 && (entry.kind === 'all' || entry.kind === 'none')) {
      yield errorAt(
        ['spec', 'exportTo', at],
        `"${entry.kind === 'all' ? '*' : '~'}" must stand alone; expected no other entry beside it`,
      );
    }
  }
}

function keyOf(entry: ExportEntry, own: string): string {
  if (entry.kind === 'own') return `/${own}`;
  return entry.kind === 'namespace' ? `/${entry.name}` : entry.kind;
}

function exportEntry(text: string): { value: ExportEntry } | undefined {
  if (text === '.') return { value: { kind: 'own' } };
  if (text === '*') return { value: { kind: 'all' } };
  if (text === '~') return { value: { kind: 'none' } };
  return isLabel(text) ? { value: { kind: 'namespace', name: text } } : undefined;
}
