import { z } from 'zod';
import { familyOf, type IpAddress, parseIp } from '../../model/address.ts';
import type { Port } from '../../model/port.ts';
import { checkFields } from '../check-fields.ts';
import { errorAt, type Finding, type KubeObject, type Translation, translation, warningAt } from '../dialect.ts';
import { complaint, listOf, objectOf, oneOf, portNumber, textField, UNREAD } from '../expect.ts';
import { repeated } from '../repeated.ts';
import { isTcp, PORT_NAME, PROTOCOL, withoutNulls } from './port-fields.ts';

/**
 * discovery.k8s.io/v1 EndpointSlice to ServiceEndpoints. Total. Limits are those of Kubernetes. Endpoints that are not
 * ready, and ports that are not TCP, are left out.
 */
export function translateEndpointSlice({ ref, labels, body }: KubeObject): Translation {
  const { addressType, endpoints, ports } = body;
  const part = withoutNulls({ addressType, endpoints, ports });
  const { value: slice, findings } = checkFields(ENDPOINT_SLICE, part, []);
  if (!slice) return { contribution: undefined, findings };
  const service = labels[SERVICE_NAME] ?? '';
  const all = [...findings, ...sliceFindings(slice, service)];
  return translation(all, () => {
    if (service === '' || slice.addressType === 'FQDN') return { kind: 'nothing' };
    const ready = (slice.endpoints ?? []).filter((endpoint) => endpoint.conditions?.ready !== false);
    const addresses = ready.flatMap((endpoint) => endpoint.addresses.flatMap((text) => parseIp(text) ?? []));
    const byName = new Map<string, Port>();
    for (const { name, port } of (slice.ports ?? []).filter(isTcp)) {
      if (port !== undefined && port !== null) byName.set(name ?? '', port);
    }
    const unique = [...new Set<IpAddress>(addresses)];
    return { kind: 'endpoints', endpoints: { ref, service, ports: byName, addresses: unique } };
  });
}

const SERVICE_NAME = 'kubernetes.io/service-name';

const ENDPOINT = objectOf('an endpoint', {
  /** Text here: whether a name or an address is meant stands in addressType. */
  addresses: listOf('a list of 1 to 100 addresses', textField('an address'), { min: 1, max: 100 }),
  conditions: objectOf('the conditions of an endpoint', {
    ready: z.boolean({ error: ({ input }) => complaint('true or false', input) }).nullish(),
  }).nullish(),
  deprecatedTopology: UNREAD,
  hints: UNREAD,
  hostname: UNREAD,
  nodeName: UNREAD,
  targetRef: UNREAD,
  zone: UNREAD,
});

const ENDPOINT_PORT = objectOf('a port', {
  name: PORT_NAME,
  /** null: whichever port, of which nobody could say what it is for. */
  port: portNumber('the port').nullish(),
  protocol: PROTOCOL,
  appProtocol: UNREAD,
});

const ENDPOINT_SLICE = objectOf('an EndpointSlice', {
  addressType: oneOf('IPv4, IPv6 or FQDN', ['IPv4', 'IPv6', 'FQDN']),
  endpoints: listOf('a list of at most 1000 endpoints', ENDPOINT, { min: 0, max: 1000 }).optional(),
  ports: listOf('a list of at most 100 ports', ENDPOINT_PORT, { min: 0, max: 100 }).optional(),
});

function* sliceFindings(slice: z.output<typeof ENDPOINT_SLICE>, service: string): Generator<Finding> {
  if (service === '') {
    yield warningAt(
      ['metadata', 'labels', SERVICE_NAME],
      'missing: these endpoints are of no Service; expected its name',
      'key',
    );
  }
  yield* repeated(
    (slice.ports ?? []).map(({ name }) => name ?? ''),
    ['ports'],
    'name',
  );
  if (slice.addressType === 'FQDN') {
    yield warningAt(['addressType'], 'names for addresses are not read: this EndpointSlice adds nothing');
    return;
  }
  const family = slice.addressType === 'IPv4' ? 4 : 6;
  for (const [at, endpoint] of (slice.endpoints ?? []).entries()) {
    for (const [nth, text] of endpoint.addresses.entries()) {
      const ip = parseIp(text);
      if (ip && familyOf(ip) === family) continue;
      const message = complaint(`an ${slice.addressType} address`, text);
      yield errorAt(['endpoints', at, 'addresses', nth], message);
    }
  }
}
