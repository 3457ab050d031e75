import type { ResourceRef } from '../model/resource.ts';
import type { Workload } from '../model/workload.ts';
import type { ClusterService, ServiceEndpoints } from '../registry/cluster-service.ts';
import type { DestinationPolicy } from '../registry/destination-policy.ts';
import type { GatewayServers } from '../registry/gateway-servers.ts';
import type { Grant, Mode } from '../registry/model.ts';
import type { RouteTable } from '../registry/route-table.ts';

/** From the document's root; keys as the schema spells them. */
export type Path = readonly (string | number)[];

/** One complaint about a document, before anybody knows where in which file it stands. */
export type Finding = {
  readonly severity: 'error' | 'warning';
  readonly path: Path;
  /** Path inside the text that the field at `path` holds (mesh config in a ConfigMap); undefined for the field itself. */
  readonly within: Path | undefined;
  /** Whether the key or its value is what the author should look at. */
  readonly at: 'key' | 'value';
  /** What is wrong and what was expected, in one sentence. */
  readonly message: string;
};

/** A Kubernetes object whose head (apiVersion, kind, metadata) was found sound. */
export type KubeObject = {
  readonly ref: ResourceRef;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** Milliseconds since 1970, from metadata.creationTimestamp. */
  readonly createdAt: number | undefined;
  readonly body: Readonly<Record<string, unknown>>;
};

/** What one document adds to the ResourceSet. */
export type Contribution =
  | { readonly kind: 'grant'; readonly grant: Grant }
  | { readonly kind: 'workload'; readonly workload: Workload }
  | { readonly kind: 'route-table'; readonly routeTable: RouteTable }
  | { readonly kind: 'gateway'; readonly gateway: GatewayServers }
  | { readonly kind: 'service'; readonly service: ClusterService }
  | { readonly kind: 'endpoints'; readonly endpoints: ServiceEndpoints }
  | { readonly kind: 'destination-policy'; readonly destinationPolicy: DestinationPolicy }
  | { readonly kind: 'mode'; readonly mode: { readonly value: Mode; readonly ref: ResourceRef } }
  /** Valid, and nothing to add: a Namespace, a ConfigMap of somebody else, a ServiceEntry that no one may see. */
  | { readonly kind: 'nothing' };

/** `contribution` is undefined exactly if a finding is an error. */
export type Translation = {
  readonly contribution: Contribution | undefined;
  readonly findings: readonly Finding[];
};

/** Reads text that a field holds. The YAML reader belongs to sources/, so it is handed in. */
export type ParseText = (
  text: string,
) => { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly message: string };

/** Total: any object in, never throws. */
export type Translate = (object: KubeObject, parseText: ParseText) => Translation;

export function errorAt(path: Path, message: string, at: Finding['at'] = 'value'): Finding {
  return { severity: 'error', path, within: undefined, at, message };
}

export function warningAt(path: Path, message: string, at: Finding['at'] = 'value'): Finding {
  return { severity: 'warning', path, within: undefined, at, message };
}

/** The contribution is asked for only if nothing found so far is an error. */
export function translation(findings: readonly Finding[], contribution: () => Contribution): Translation {
  const bad = findings.some((finding) => finding.severity === 'error');
  return { contribution: bad ? undefined : contribution(), findings };
}

/** `spec.ports[0].number`, `metadata.labels["app.kubernetes.io/name"]` */
export function pathText(path: Path): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else if (/^[A-Za-z_$][A-Za-z0-9_$-]*$/.test(step)) text += text === '' ? step : `.${step}`;
    else text += `[${JSON.stringify(step)}]`;
  }
  return text;
}
