import type { Port } from '../../model/port.ts';
import type { Grant, GrantEndpoint, GrantPort, Reach } from '../../registry/model.ts';
import { checkFields } from '../check-fields.ts';
import { type Contribution, type KubeObject, type Translation, translation } from '../dialect.ts';
import { seenByNobody, visibilityOf } from './export-to.ts';
import { crossFieldFindings } from './service-entry-rules.ts';
import { SERVICE_ENTRY_SPEC, type ServiceEntrySpec, type ServicePort } from './service-entry-schema.ts';

/**
 * networking.istio.io ServiceEntry (v1, v1beta1, v1alpha3) to one Grant. Total. A grant is never wider than what was
 * written: what cannot be honoured yet is an error, not left out.
 */
export function translateServiceEntry(object: KubeObject): Translation {
  const { value: spec, findings } = checkFields(SERVICE_ENTRY_SPEC, object.body['spec'], ['spec']);
  if (!spec) return { contribution: undefined, findings };
  const all = [...findings, ...crossFieldFindings(spec, object.ref.namespace)];
  return translation(all, () => contributionOf(object, spec));
}

function contributionOf(object: KubeObject, spec: ServiceEntrySpec): Contribution {
  const ports = (spec.ports ?? []).flatMap((port) => grantPorts(port, spec.resolution));
  const visibleTo = visibilityOf(spec.exportTo ?? [], object.ref.namespace);
  if (ports.length === 0 || seenByNobody(visibleTo)) return { kind: 'nothing' };
  const grant: Grant = {
    ref: object.ref,
    visibleTo,
    hosts: spec.hosts,
    addresses: (spec.addresses ?? []).map((address) => address.cidr),
    ports,
    reach: reachOf(spec),
    createdAt: object.createdAt,
  };
  return { kind: 'grant', grant };
}

/**
 * Istio sniffs a port without protocol. Here it is read as HTTP and as TLS, both of which show a name that is held
 * against the hosts; opaque TCP shows none and would be admitted wherever it goes.
 */
function grantPorts(port: ServicePort, resolution: ServiceEntrySpec['resolution']): readonly GrantPort[] {
  const kept = resolution === undefined || resolution === 'NONE';
  const base = {
    number: port.number,
    name: port.name,
    targetPort: kept ? port.number : (port.targetPort ?? port.number),
  };
  if (port.protocol !== undefined) return [{ ...base, protocol: port.protocol }];
  return [
    { ...base, protocol: 'http' },
    { ...base, protocol: 'tls' },
  ];
}

function reachOf(spec: ServiceEntrySpec): Reach {
  const { resolution = 'NONE', endpoints = [] } = spec;
  if (resolution === 'NONE') return { kind: 'original' };
  if (resolution !== 'STATIC' && endpoints.length === 0) return { kind: 'resolve' };
  return { kind: 'endpoints', endpoints: endpoints.flatMap(endpointOf) };
}

function endpointOf(endpoint: NonNullable<ServiceEntrySpec['endpoints']>[number]): readonly GrantEndpoint[] {
  const { address, ports = {}, weight } = endpoint;
  if (!address) return []; // the rules refuse it: such a document never comes here
  const byName = new Map<string, Port>(Object.entries(ports));
  // protobuf cannot tell 0 from absent, and an endpoint without weight counts once.
  return [{ address, ports: byName, weight: weight === undefined || weight === 0 ? 1 : weight }];
}
