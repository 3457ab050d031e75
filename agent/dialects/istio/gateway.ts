import type { GatewayServer, ServerHost } from '../../registry/gateway-servers.ts';
import { checkFields } from '../check-fields.ts';
import { type KubeObject, type Translation, translation } from '../dialect.ts';
import { gatewayRules, notOpenedFor } from './gateway-rules.ts';
import { GATEWAY_SPEC, type ServerSpec, type WrittenServerHost } from './gateway-schema.ts';

/** networking.istio.io Gateway (v1, v1beta1, v1alpha3) to its servers, without those that cannot be honoured yet. Total. */
export function translateGateway(object: KubeObject): Translation {
  const { value: spec, findings } = checkFields(GATEWAY_SPEC, object.body['spec'], ['spec']);
  if (!spec) return { contribution: undefined, findings };
  const { ref, createdAt } = object;
  return translation([...findings, ...gatewayRules(spec)], () => ({
    kind: 'gateway',
    gateway: {
      ref,
      createdAt,
      selector: spec.selector ?? {},
      servers: spec.servers.flatMap((server) => serverOf(server, ref.namespace)),
    },
  }));
}

function serverOf(server: ServerSpec, namespace: string): readonly GatewayServer[] {
  if (notOpenedFor(server)) return [];
  const { port, hosts } = server;
  return [
    {
      port: port.number,
      protocol: port.protocol.served,
      hosts: hosts.map((host) => hostOf(host, namespace)),
    },
  ];
}

function hostOf({ namespace, pattern }: WrittenServerHost, own: string): ServerHost {
  if (namespace === undefined || namespace === '*') return { namespace: undefined, pattern };
  return { namespace: namespace === '.' ? own : namespace, pattern };
}
