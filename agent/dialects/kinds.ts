import { unknownFields } from './check-fields.ts';
import { translateEndpointSlice } from './core/endpoint-slice.ts';
import { translateNamespace } from './core/namespace.ts';
import { translatePod } from './core/pod.ts';
import { translateService } from './core/service.ts';
import { errorAt, type Finding, type KubeObject, type ParseText, type Translate, type Translation } from './dialect.ts';
import { translateDestinationRule } from './istio/destination-rule.ts';
import { translateGateway } from './istio/gateway.ts';
import { translateConfigMap } from './istio/mesh-config.ts';
import { translateServiceEntry } from './istio/service-entry.ts';
import { translateVirtualService } from './istio/virtual-service.ts';
import { type Claim, kubeObjectOf } from './kube-object.ts';
import { suggestion } from './spelling.ts';

export type Kind = {
  readonly group: string;
  readonly kind: string;
  readonly versions: readonly string[];
  readonly scope: 'namespaced' | 'cluster';
  /** Beside apiVersion, kind and metadata. */
  readonly fields: readonly string[];
  readonly translate: Translate;
};

const ISTIO = {
  group: 'networking.istio.io',
  versions: ['v1', 'v1beta1', 'v1alpha3'],
  scope: 'namespaced',
  fields: ['spec', 'status'],
} as const;

const CORE = { group: '', versions: ['v1'], scope: 'namespaced', fields: ['spec', 'status'] } as const;

const KINDS: readonly Kind[] = [
  { ...ISTIO, kind: 'ServiceEntry', translate: translateServiceEntry },
  { ...ISTIO, kind: 'VirtualService', translate: translateVirtualService },
  { ...ISTIO, kind: 'Gateway', translate: translateGateway },
  { ...ISTIO, kind: 'DestinationRule', translate: translateDestinationRule },
  { ...CORE, kind: 'ConfigMap', fields: ['data', 'binaryData', 'immutable'], translate: translateConfigMap },
  { ...CORE, kind: 'Pod', translate: translatePod },
  { ...CORE, kind: 'Namespace', scope: 'cluster', translate: translateNamespace },
  { ...CORE, kind: 'Service', translate: translateService },
  {
    group: 'discovery.k8s.io',
    kind: 'EndpointSlice',
    versions: ['v1'],
    scope: 'namespaced',
    fields: ['addressType', 'endpoints', 'ports'],
    translate: translateEndpointSlice,
  },
];

/** undefined for a kind that no dialect reads: it is ignored, and said so once. */
export function kindOf(claim: Claim): Kind | undefined {
  return KINDS.find((known) => known.group === claim.group && known.kind === claim.kind);
}

/** Why a kind is ignored, with the name that was perhaps meant. */
export function unknownKind(claim: Claim): string {
  const api = claim.group === '' ? claim.version : `${claim.group}/${claim.version}`;
  const same = KINDS.find((known) => known.kind === claim.kind);
  const hint = same
    ? `; did you mean apiVersion ${same.group === '' ? '' : `${same.group}/`}${same.versions[0]}?`
    : suggestion(
        claim.kind,
        KINDS.map((known) => known.kind),
      );
  return `kind ${claim.kind} of ${api} is not read: ignored${hint}`;
}

/** What identifies a resource over all its versions; undefined if the document does not tell its name. */
export function resourceKey(kind: Kind, claim: Claim): string | undefined {
  if (claim.name === undefined) return undefined;
  const namespace = kind.scope === 'cluster' ? '' : (claim.namespace ?? 'default');
  return [kind.group, kind.kind, namespace, claim.name].join('/');
}

/** Everything about one document of a known kind. Total. */
export function translate(
  kind: Kind,
  claim: Claim,
  document: Readonly<Record<string, unknown>>,
  parseText: ParseText,
): Translation {
  const version: readonly Finding[] = kind.versions.includes(claim.version)
    ? []
    : [
        errorAt(
          ['apiVersion'],
          `${kind.kind} is not known in version ${claim.version}; expected ${kind.versions.join(', ')}`,
        ),
      ];
  const { object, findings } = kubeObjectOf(document, kind.kind, kind.scope);
  const stray = unknownFields(document, [], ['apiVersion', 'kind', 'metadata', ...kind.fields]);
  const head = [...version, ...stray, ...findings];
  const whole = kind.translate(object ?? nameless(kind, claim, document), parseText);
  return {
    contribution: object && version.length === 0 ? whole.contribution : undefined,
    findings: [...head, ...whole.findings],
  };
}

/** Stands in for an object with a bad head, so that the problems of its rest are found as well. */
function nameless(kind: Kind, claim: Claim, body: Readonly<Record<string, unknown>>): KubeObject {
  const ref = { kind: kind.kind, namespace: claim.namespace ?? 'default', name: claim.name ?? '' };
  return { ref, labels: {}, annotations: {}, createdAt: undefined, body };
}
