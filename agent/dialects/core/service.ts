import type { z } from 'zod';
import { parseHostname } from '../../model/hostname.ts';
import { isLabel, isSubdomain } from '../../model/kube-name.ts';
import type { GatewayTransport } from '../../model/verdict.ts';
import { checkFields } from '../check-fields.ts';
import { errorAt, type Finding, type KubeObject, type Translation, translation, warningAt } from '../dialect.ts';
import { complaint, listOf, mapOf, objectOf, oneOf, portNumber, textField, UNREAD } from '../expect.ts';
import { repeated } from '../repeated.ts';
import { suggestion } from '../spelling.ts';
import { isTcp, PORT_NAME, PROTOCOL, podPort, withoutNulls } from './port-fields.ts';

/** core/v1 Service to ClusterService. Total. Read of the spec are type, ports and selector; TCP alone is captured. */
export function translateService(object: KubeObject): Translation {
  const { ref, annotations } = object;
  const { value: spec, findings } = checkFields(SERVICE_SPEC, withoutNulls(object.body['spec']), ['spec']);
  const transport = transportOf(annotations[TRANSPORT]);
  const host = isLabel(ref.name) ? parseHostname(`${ref.name}.${ref.namespace}.svc.cluster.local`) : undefined;
  const all = [...nameFindings(ref.name), ...transport.findings, ...findings, ...(spec ? specFindings(spec) : [])];
  return translation(all, () => {
    if (!host || !spec || spec.type === 'ExternalName') return { kind: 'nothing' };
    const ports = (spec.ports ?? []).filter(isTcp).map(({ port, name, targetPort }) => ({
      number: port,
      name: name ?? '',
      targetPort: targetPort === undefined || targetPort === null ? port : targetPort.number,
    }));
    // Empty is as absent (core/v1): its endpoints are managed by somebody else; it does not select every pod.
    const selector = Object.keys(spec.selector ?? {}).length > 0 ? spec.selector : undefined;
    return { kind: 'service', service: { ref, host, ports, selector, transport: transport.value } };
  });
}

const SERVICE_PORT = objectOf('a port', {
  port: portNumber('the port'),
  name: PORT_NAME,
  protocol: PROTOCOL,
  targetPort: podPort('the port of the pods').nullish(),
  appProtocol: UNREAD,
  nodePort: UNREAD,
});

const TYPES = ['ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName'] as const;

const SERVICE_SPEC = objectOf('the spec of a Service', {
  type: oneOf(TYPES.join(', '), TYPES).optional(),
  ports: listOf('a list of at most 4096 ports', SERVICE_PORT, { min: 0, max: 4096 }).optional(),
  selector: mapOf('labels of the pods', textField('the value of a label')).optional(),
  allocateLoadBalancerNodePorts: UNREAD,
  clusterIP: UNREAD,
  clusterIPs: UNREAD,
  externalIPs: UNREAD,
  externalName: UNREAD,
  externalTrafficPolicy: UNREAD,
  healthCheckNodePort: UNREAD,
  internalTrafficPolicy: UNREAD,
  ipFamilies: UNREAD,
  ipFamily: UNREAD,
  ipFamilyPolicy: UNREAD,
  loadBalancerClass: UNREAD,
  loadBalancerIP: UNREAD,
  loadBalancerSourceRanges: UNREAD,
  publishNotReadyAddresses: UNREAD,
  sessionAffinity: UNREAD,
  sessionAffinityConfig: UNREAD,
  topologyKeys: UNREAD,
  trafficDistribution: UNREAD,
});

/** A Service's name is one label of its host. What is no name of any kind was found with the metadata. */
function nameFindings(name: string): readonly Finding[] {
  if (isLabel(name) || !isSubdomain(name)) return [];
  const what = 'the name of a Service: lower-case letters, digits and "-", at most 63 characters';
  return [errorAt(['metadata', 'name'], complaint(what, name))];
}

function* specFindings({ type, ports = [] }: z.output<typeof SERVICE_SPEC>): Generator<Finding> {
  if (type === 'ExternalName') {
    yield warningAt(['spec', 'type'], 'ExternalName Services are not read yet: this one adds nothing');
  }
  // One number may be both TCP and UDP (DNS).
  const numbers = ports.map((port) => (isTcp(port) ? port.port : undefined));
  yield* repeated(numbers, ['spec', 'ports'], 'port');
  yield* repeated(
    ports.map(({ name }) => name ?? ''),
    ['spec', 'ports'],
    'name',
  );
}

const TRANSPORT = 'weir.dev/gateway-transport';
const TRANSPORTS: readonly GatewayTransport[] = ['plain', 'proxy-v2'];
/** In the design, and not built. */
const LATER_TRANSPORTS = ['connect', 'hbone'];

/** `value` counts only if nothing was found. */
function transportOf(written = 'plain'): { readonly value: GatewayTransport; readonly findings: readonly Finding[] } {
  const value = TRANSPORTS.find((transport) => transport === written);
  if (value !== undefined) return { value, findings: [] };
  const expected = TRANSPORTS.join(' or ');
  const message = LATER_TRANSPORTS.includes(written)
    ? `${written} is not supported yet; expected ${expected}`
    : `${complaint(expected, written)}${suggestion(written, TRANSPORTS)}`;
  return { value: 'plain', findings: [errorAt(['metadata', 'annotations', TRANSPORT], message)] };
}
