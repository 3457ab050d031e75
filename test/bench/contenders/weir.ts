import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { serviceEntry } from '../../support/lab/captured.ts';
import { CLUSTER_CIDR } from '../../support/lab/gateway.ts';
import {
  EGRESS_GATEWAY,
  endpointSlices,
  gatewayService,
  istioResource,
  podResource,
} from '../../support/lab/resources.ts';
import { type Command, HELLO, HOST, ORIGIN, type Place, type Setting, THREADS } from '../contender.ts';
import type { DeciderOrder } from '../decider/order.ts';

/** The agent as a user starts it, and the gateway where one is on the way; both always write access lines. */
export function weir(setting: Setting, place: Place, args: readonly string[] = []): readonly Command[] {
  const { pod, gateway, logFile, folder } = place;
  const config = ['--config', folder, '--threads', `${THREADS}`];
  const enrolment = ['--netns', `/run/netns/${pod.netns}`, '--workload', 'default/sleep'];
  writeFileSync(`${folder}/entry.yaml`, entry(setting));
  const agent = [AGENT, 'run', ...config, ...enrolment, '--access-log', logFile, ...args];
  if (!gateway) return [{ at: 'node', argv: agent, env: {} }];
  for (const [name, text] of Object.entries(wayOut(place))) writeFileSync(`${folder}/${name}`, text);
  const named = ['--name', 'istio-system/istio-egressgateway', '--labels', 'istio=egressgateway'];
  const trust = ['--cluster-cidr', CLUSTER_CIDR, '--trusted-peers', `${gateway.node.v4}/32`];
  const second = [AGENT, 'gateway', ...config, ...named, ...trust, '--access-log', `${folder}/gateway.log`];
  return [
    { at: 'gateway', argv: second, env: {} },
    { at: 'node', argv: [...agent, '--cluster-cidr', CLUSTER_CIDR], env: {} },
  ];
}

const AGENT = fileURLToPath(new URL('../../../scripts/weir-agent', import.meta.url));

/** The one grant of each setting. */
function entry(setting: Setting): string {
  const addresses = [`${ORIGIN.ip}/32`];
  const at = (host: string, protocol: string): string =>
    serviceEntry({ hosts: [host], ports: [[ORIGIN.port, protocol]], addresses, resolution: 'NONE' });
  switch (setting) {
    case 'http':
      return at(HOST, 'HTTP');
    case 'tls':
      return at(HELLO.sni, 'TLS');
    case 'tcp':
      return at(HOST, 'TCP');
    case 'gateway':
      return serviceEntry({
        hosts: [HOST],
        ports: [[ORIGIN.port, 'TCP']],
        addresses,
        resolution: 'STATIC',
        endpoints: [ORIGIN.ip],
      });
  }
}

/** To the gateway by the workload's agent, to the origin by the gateway. */
function wayOut({ pod, gateway }: Place): Readonly<Record<string, string>> {
  const to = (host: string) => [{ destination: { host, port: { number: ORIGIN.port } } }];
  const from = (name: string) => [{ gateways: [name], port: ORIGIN.port }];
  return {
    'pod.yaml': podResource('default/sleep', { app: 'sleep' }, [pod.v4, pod.v6]),
    'service.yaml': gatewayService('proxy-v2'),
    'slices.yaml': endpointSlices(gateway ? [gateway.v4] : []),
    'gateway.yaml': istioResource('Gateway', 'egress-gw', {
      selector: { istio: 'egressgateway' },
      servers: [{ port: { number: ORIGIN.port, name: 'tcp', protocol: 'TCP' }, hosts: ['*'] }],
    }),
    'routes.yaml': istioResource('VirtualService', 'bench', {
      hosts: [HOST],
      gateways: ['egress-gw', 'mesh'],
      tcp: [
        { match: from('mesh'), route: to(EGRESS_GATEWAY) },
        { match: from('egress-gw'), route: to(HOST) },
      ],
    }),
  };
}

/** The real mover with the least decider: what stands between haproxy and a whole pipeline. */
export function mover(gate: DeciderOrder['gate'], logs: boolean, { pod, logFile }: Place): Command {
  const program = fileURLToPath(new URL('../decider/main.ts', import.meta.url));
  const netns = `/run/netns/${pod.netns}`;
  const order: DeciderOrder = { netns, host: HOST, gate, logFile: logs ? logFile : undefined };
  const argv = [process.execPath, '--disable-warning=ExperimentalWarning', program, JSON.stringify(order)];
  return { at: 'node', argv, env: {} };
}
