import type { RouteTable } from '../../registry/route-table.ts';
import { checkFields } from '../check-fields.ts';
import { type Contribution, type KubeObject, type Translation, translation } from '../dialect.ts';
import { seenByNobody, visibilityOf } from './export-to.ts';
import { fullPattern } from './host.ts';
import { tableGateways } from './virtual-service-gateways.ts';
import { httpRoutes, tcpRoutes, tlsRoutes } from './virtual-service-routes.ts';
import { virtualServiceRules } from './virtual-service-rules.ts';
import { VIRTUAL_SERVICE_SPEC, type VirtualServiceSpec } from './virtual-service-schema.ts';

/**
 * networking.istio.io VirtualService (v1, v1beta1, v1alpha3) to one RouteTable. Total. What would change a request and
 * cannot be honoured yet refuses it, or is said to be left out.
 */
export function translateVirtualService(object: KubeObject): Translation {
  const { value: spec, findings } = checkFields(VIRTUAL_SERVICE_SPEC, object.body['spec'], ['spec']);
  if (!spec) return { contribution: undefined, findings };
  const all = [...findings, ...virtualServiceRules(spec, object.ref.namespace)];
  return translation(all, () => contributionOf(object, spec));
}

function contributionOf({ ref, createdAt }: KubeObject, spec: VirtualServiceSpec): Contribution {
  const { namespace } = ref;
  const visibleTo = visibilityOf(spec.exportTo ?? [], namespace);
  if (seenByNobody(visibleTo)) return { kind: 'nothing' };
  const gateways = tableGateways(spec.gateways, namespace);
  const home = { namespace, gateways };
  const routeTable: RouteTable = {
    ref,
    createdAt,
    visibleTo,
    hosts: spec.hosts.map((host) => fullPattern(host, namespace)),
    gateways,
    http: httpRoutes(spec, home),
    tls: tlsRoutes(spec, home),
    tcp: tcpRoutes(spec, home),
  };
  return { kind: 'route-table', routeTable };
}
