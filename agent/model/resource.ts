/** Names one resource in logs, traces and remedies. */
export type ResourceRef = { readonly kind: string; readonly namespace: string; readonly name: string };

export function refText(ref: ResourceRef): string {
  return `${ref.kind} ${ref.namespace}/${ref.name}`;
}

/** Where in which file a document stands; lines and columns count from 1. */
export type Position = { readonly file: string; readonly line: number; readonly column: number };

/**
 * One complaint about configuration. `error`: the document is not in force (its last good version is, if there was
 * one). `warning`: it is in force, but not as its author may think.
 */
export type Problem = {
  readonly severity: 'error' | 'warning';
  readonly position: Position;
  readonly resource: ResourceRef | undefined;
  /** `spec.ports[0].number`; empty for the document as a whole. */
  readonly path: string;
  /** What is wrong and what was expected, in one sentence. */
  readonly message: string;
};

/** `policy/api.yaml:7:15: error: spec.ports[0].number: expected … [ServiceEntry shop/api]` */
export function problemText({ position, severity, path, message, resource }: Problem): string {
  const place = `${position.file}:${position.line}:${position.column}`;
  const parts = [place, severity, ...(path === '' ? [] : [path]), message];
  return `${parts.join(': ')}${resource ? ` [${refText(resource)}]` : ''}`;
}
