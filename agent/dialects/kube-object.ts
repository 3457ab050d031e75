import { isLabel, isSubdomain } from '../model/kube-name.ts';
import { checkFields, isMapping, unknownFields } from './check-fields.ts';
import { errorAt, type Finding, type KubeObject } from './dialect.ts';
import { complaint, mapOf, objectOf, parsedText, textField } from './expect.ts';

/** What a document says it is, before it is known whether that is sound. */
export type Claim = {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** undefined where the name cannot be read: then nobody knows which resource this was to be. */
  readonly name: string | undefined;
  readonly namespace: string | undefined;
};

/** The claim of a document, or why it is no Kubernetes object at all. */
export function claimOf(document: unknown): Claim | Finding {
  if (!isMapping(document))
    return errorAt([], 'not a Kubernetes object; expected a mapping with apiVersion, kind and metadata');
  const { apiVersion, kind, metadata } = document;
  for (const [field, value] of [
    ['apiVersion', apiVersion],
    ['kind', kind],
  ] as const) {
    if (typeof value === 'string' && value !== '') continue;
    return errorAt([field], `not a Kubernetes object: ${complaint(`its ${field}`, value)}`);
  }
  const [group, version] = splitApiVersion(String(apiVersion));
  const { name, namespace } = isMapping(metadata) ? metadata : {};
  return { group, version, kind: String(kind), name: nameText(name), namespace: nameText(namespace) };
}

function nameText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** `networking.istio.io/v1` → group and version; the core group is empty. */
function splitApiVersion(apiVersion: string): [group: string, version: string] {
  const slash = apiVersion.indexOf('/');
  return slash === -1 ? ['', apiVersion] : [apiVersion.slice(0, slash), apiVersion.slice(slash + 1)];
}

/** `document` is one of which claimOf found a claim. Its metadata is held against Kubernetes' rules for names. */
export function kubeObjectOf(
  document: Readonly<Record<string, unknown>>,
  kind: string,
  scope: 'namespaced' | 'cluster',
): { readonly object: KubeObject | undefined; readonly findings: readonly Finding[] } {
  const raw = document['metadata'];
  const read = isMapping(raw)
    ? Object.fromEntries(READ_FIELDS.filter((field) => given(raw[field])).map((field) => [field, raw[field]]))
    : raw;
  const checked = checkFields(METADATA, read, ['metadata']);
  const findings = [...unknownFields(raw, ['metadata'], [...READ_FIELDS, ...OTHER_FIELDS]), ...checked.findings];
  const { value } = checked;
  if (!value) return { object: undefined, findings };
  const namespace = scope === 'cluster' ? '' : (value.namespace ?? 'default');
  return {
    object: {
      ref: { kind, namespace, name: value.name },
      labels: value.labels ?? {},
      annotations: value.annotations ?? {},
      createdAt: value.creationTimestamp,
      body: document,
    },
    findings,
  };
}

/** Tools print `creationTimestamp: null`; an API server drops null from metadata. */
function given(value: unknown): boolean {
  return value !== undefined && value !== null;
}

const READ_FIELDS = ['name', 'namespace', 'labels', 'annotations', 'creationTimestamp'];

/** The rest of ObjectMeta (meta/v1), which says nothing to any dialect yet and is not looked at. */
const OTHER_FIELDS = [
  'clusterName',
  'deletionGracePeriodSeconds',
  'deletionTimestamp',
  'finalizers',
  'generateName',
  'generation',
  'managedFields',
  'ownerReferences',
  'resourceVersion',
  'selfLink',
  'uid',
];

const METADATA = objectOf('the metadata', {
  name: parsedText('a name of lower-case letters, digits, "-" and ".", at most 253 characters', (text) =>
    isSubdomain(text) ? { value: text } : undefined,
  ),
  namespace: parsedText('a namespace: lower-case letters, digits and "-", at most 63 characters', (text) =>
    isLabel(text) ? { value: text } : undefined,
  ).optional(),
  labels: mapOf('labels', textField('the value of a label')).optional(),
  annotations: mapOf('annotations', textField('the value of an annotation')).optional(),
  creationTimestamp: parsedText('a time as in RFC 3339, 2026-01-31T12:00:00Z', (text) => {
    const value = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d/.test(text) ? Date.parse(text) : Number.NaN;
    return Number.isNaN(value) ? undefined : { value };
  }).optional(),
});
