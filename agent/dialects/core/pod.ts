import { type IpAddress, parseIp } from '../../model/address.ts';
import { isSubdomain } from '../../model/kube-name.ts';
import { checkFields, isMapping } from '../check-fields.ts';
import { type KubeObject, type Translation, translation } from '../dialect.ts';
import { objectOf, parsedText } from '../expect.ts';

/** core/v1 Pod to Workload. Of the spec only the service account is looked at; an absent one is `default`. */
export function translatePod(object: KubeObject): Translation {
  const spec = object.body['spec'];
  const read = isMapping(spec)
    ? { serviceAccountName: spec['serviceAccountName'] ?? spec['serviceAccount'] ?? undefined }
    : (spec ?? {});
  const { value, findings } = checkFields(POD_SPEC, read, ['spec']);
  return translation(findings, () => ({
    kind: 'workload',
    workload: {
      namespace: object.ref.namespace,
      name: object.ref.name,
      serviceAccount: value?.serviceAccountName ?? 'default',
      labels: object.labels,
      ips: ownAddresses(spec, object.body['status']),
    },
  }));
}

const POD_SPEC = objectOf('the spec of a Pod', {
  /** `serviceAccount` is the deprecated alias that API servers still print. */
  serviceAccountName: parsedText('the name of a service account', (text) =>
    isSubdomain(text) ? { value: text } : undefined,
  ).optional(),
});

/**
 * status.podIPs and podIP, written by the kubelet. A Pod on the host's network has its node's address, and one that has
 * ended may show an address that is another's by now: neither is theirs.
 */
function ownAddresses(spec: unknown, status: unknown): readonly IpAddress[] {
  if (!isMapping(status) || (isMapping(spec) && spec['hostNetwork'] === true)) return [];
  if (status['phase'] === 'Succeeded' || status['phase'] === 'Failed') return [];
  const listed: readonly unknown[] = Array.isArray(status['podIPs']) ? status['podIPs'] : [];
  const texts = [status['podIP'], ...listed.map((entry) => (isMapping(entry) ? entry['ip'] : undefined))];
  const ips = texts.map((text) => (typeof text === 'string' ? parseIp(text) : undefined));
  return [...new Set(ips.filter((ip) => ip !== undefined))];
}
