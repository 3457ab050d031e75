import type { DestinationPolicy, UpstreamTls } from '../../registry/destination-policy.ts';
import { checkFields } from '../check-fields.ts';
import { type Contribution, type KubeObject, type Translation, translation } from '../dialect.ts';
import { destinationRuleRules } from './destination-rule-rules.ts';
import {
  type ClientTlsSpec,
  DESTINATION_RULE_SPEC,
  type DestinationRuleSpec,
  type TrafficPolicySpec,
} from './destination-rule-schema.ts';
import { seenByNobody, visibilityOf } from './export-to.ts';
import { fullPattern } from './host.ts';

/**
 * networking.istio.io DestinationRule (v1, v1beta1, v1alpha3) to one DestinationPolicy. Total. Of a traffic policy only
 * `tls` is read: nothing that is to be encrypted leaves in the clear.
 */
export function translateDestinationRule(object: KubeObject): Translation {
  const { value: spec, findings } = checkFields(DESTINATION_RULE_SPEC, object.body['spec'], ['spec']);
  if (!spec) return { contribution: undefined, findings };
  const all = [...findings, ...destinationRuleRules(spec, object.ref.namespace)];
  return translation(all, () => contributionOf(object, spec));
}

function contributionOf({ ref, createdAt }: KubeObject, spec: DestinationRuleSpec): Contribution {
  const visibleTo = visibilityOf(spec.exportTo ?? [], ref.namespace);
  if (seenByNobody(visibleTo)) return { kind: 'nothing' };
  const ports = spec.trafficPolicy?.portLevelSettings ?? [];
  const destinationPolicy: DestinationPolicy = {
    ref,
    createdAt,
    visibleTo,
    host: fullPattern(spec.host, ref.namespace),
    tls: upstreamTls(spec.trafficPolicy?.tls),
    // Settings of a port inherit nothing: those without tls have none.
    portTls: new Map(ports.map(({ port, tls }) => [port.number, upstreamTls(tls)])),
    subsets: new Map((spec.subsets ?? []).map(({ name, trafficPolicy }) => [name, subsetTls(trafficPolicy)])),
  };
  return { kind: 'destination-policy', destinationPolicy };
}

/** DISABLE is what protobuf reads where no mode stands. */
function upstreamTls(tls: ClientTlsSpec | undefined): UpstreamTls {
  return (tls?.mode ?? 'DISABLE') === 'DISABLE' ? 'plain' : 'encrypted';
}

/** One answer for all ports: TLS at one of them refuses the whole subset, since it must not go without. */
function subsetTls(policy: TrafficPolicySpec | undefined): UpstreamTls | undefined {
  if (policy?.portLevelSettings?.some(({ tls }) => upstreamTls(tls) === 'encrypted')) return 'encrypted';
  return policy?.tls && upstreamTls(policy.tls);
}
