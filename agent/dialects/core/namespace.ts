import type { Translation } from '../dialect.ts';

/** core/v1 Namespace. Its name and labels were checked with the metadata; no rule reads them yet. */
export function translateNamespace(): Translation {
  return { contribution: { kind: 'nothing' }, findings: [] };
}
