import type { Contribution, ParseText } from '../../../../agent/dialects/dialect.ts';
import { kindOf, translate } from '../../../../agent/dialects/kinds.ts';
import { claimOf } from '../../../../agent/dialects/kube-object.ts';
import type { Evidence } from '../../../../agent/model/evidence.ts';
import type { FlowFacts } from '../../../../agent/model/flow.ts';
import type { Source, Workload } from '../../../../agent/model/workload.ts';
import { compile, EMPTY_RESOURCES, type Registry } from '../../../../agent/registry/compile.ts';
import type { Mode, ResourceSet } from '../../../../agent/registry/model.ts';
import type { RouteTable } from '../../../../agent/registry/route-table.ts';
import { grant, ip, port, type Said, workload } from './builders.ts';

// Resources as their authors write them, through the real dialects; grants as builders.ts says them.

export type Given = {
  readonly listed?: readonly Said[];
  readonly mode?: Mode;
  readonly written?: readonly Written[];
};

export type Written = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Meta;
  readonly [field: string]: unknown;
};

type Meta = {
  readonly name?: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly creationTimestamp?: string;
};

export function setOf({ listed = [], mode, written = [] }: Given): ResourceSet {
  const all = written.map(contributionOf);
  const ref = { kind: 'ConfigMap', namespace: 'istio-system', name: 'istio' };
  return {
    ...EMPTY_RESOURCES,
    mode: mode && { value: mode, ref },
    grants: listed.map(grant),
    workloads: all.flatMap((each) => (each.kind === 'workload' ? [each.workload] : [])),
    routeTables: all.flatMap((each) => (each.kind === 'route-table' ? [each.routeTable] : [])),
    gateways: all.flatMap((each) => (each.kind === 'gateway' ? [each.gateway] : [])),
    services: all.flatMap((each) => (each.kind === 'service' ? [each.service] : [])),
    endpoints: all.flatMap((each) => (each.kind === 'endpoints' ? [each.endpoints] : [])),
    destinationPolicies: all.flatMap((each) => (each.kind === 'destination-policy' ? [each.destinationPolicy] : [])),
  };
}

/** As it is compiled beside workloads. */
export function meshOf(given: Given): Registry {
  return compile(setOf(given), 1);
}

/** A VirtualService of namespace shop, translated. */
export function tableOf(spec: object, meta: Meta = {}): RouteTable {
  const [table] = setOf({ written: [virtualService(spec, meta)] }).routeTables;
  if (!table) throw new TypeError('the test itself is wrong: nobody sees this table');
  return table;
}

export const GATEWAY = { kind: 'gateway', namespace: 'istio-system', name: 'egress-0' } as const;
export const GATEWAY_LABELS = { istio: 'egressgateway' };

/** As it is compiled for the egress gateway. */
export function gatewayOf(
  given: Given,
  labels: Readonly<Record<string, string>> | undefined = GATEWAY_LABELS,
): Registry {
  return compile(setOf(given), 1, { ...GATEWAY, labels });
}

/** VirtualService shop/api. */
export function virtualService(spec: object, meta: Meta = {}): Written {
  return istio('VirtualService', { name: 'api', ...meta }, spec);
}

/** Gateway shop/egress-gw, for the egress gateway. A server: `80 HTTP a.test *.b.test`; TLS is passed through. */
export function gateway(servers: readonly string[], meta: Meta = {}, selector: object = GATEWAY_LABELS): Written {
  return istio('Gateway', { name: 'egress-gw', ...meta }, { selector, servers: servers.map(serverOf) });
}

/** DestinationRule shop/rule. */
export function destinationRule(spec: object, meta: Meta = {}): Written {
  return istio('DestinationRule', { name: 'rule', ...meta }, spec);
}

/** A Service of the gateways. Ports: `80`, or `80 8080` with its targetPort. */
export function service(name: string, ports: readonly string[], meta: Meta = {}, more: object = {}): Written {
  const spec = { selector: GATEWAY_LABELS, ports: ports.map(servicePort), ...more };
  return { apiVersion: 'v1', kind: 'Service', metadata: { namespace: 'istio-system', name, ...meta }, spec };
}

/** Of a Service of the gateways. Ports: `p80 8080`, by the name of the Service's port. */
export function slice(of: string, ports: readonly string[], addresses: readonly string[], meta: Meta = {}): Written {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: `${of}-x`, namespace: 'istio-system', labels: { 'kubernetes.io/service-name': of }, ...meta },
    addressType: addresses.some((each) => each.includes(':')) ? 'IPv6' : 'IPv4',
    ports: ports.map((each) => {
      const [name, number] = each.split(' ');
      return { name, port: Number(number) };
    }),
    endpoints: addresses.map((each) => ({ addresses: [each] })),
  };
}

export function pod(namespace: string, name: string, labels: Readonly<Record<string, string>>): Written {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { namespace, name, labels }, spec: {}, status: {} };
}

/** `api.test`, `api.test:80`, `api.test:80/v2` with a subset behind. */
export function to(text: string, weight?: number): object {
  const [at = '', subset] = text.split('/');
  const [host, number] = at.split(':');
  const destination = { host, ...(number ? { port: { number: Number(number) } } : {}), ...(subset ? { subset } : {}) };
  return { destination, ...(weight === undefined ? {} : { weight }) };
}

/** A flow that arrives at a gateway's port. `dialled`: where the client wanted to go, if its agent told. */
export function arriving(
  at: number,
  evidence: Evidence,
  { from = podOf('shop'), dialled }: { readonly from?: Source; readonly dialled?: string } = {},
): FlowFacts {
  const [address = '', number = at] = dialled?.split(':') ?? [];
  const destination = { ip: address === '' ? undefined : ip(address), port: port(Number(number)) };
  return { source: from, destination, listener: port(at), evidence, answers: undefined };
}

export function podOf(namespace: string, labels?: Workload['labels']): Source {
  return { kind: 'workload', workload: { ...workload(namespace), ...(labels ? { labels } : {}) } };
}

export const OUTSIDE: Source = { kind: 'outside', ip: ip('198.51.100.7') };
export const UNKNOWN: Source = { kind: 'unknown' };

function istio(kind: string, meta: Meta, spec: object): Written {
  return { apiVersion: 'networking.istio.io/v1', kind, metadata: { namespace: 'shop', ...meta }, spec };
}

function serverOf(text: string): object {
  const [number, protocol = '', ...hosts] = text.split(' ');
  const passed = protocol === 'TLS' || protocol === 'HTTPS' ? { tls: { mode: 'PASSTHROUGH' } } : {};
  return { port: { number: Number(number), name: `p${number}-${protocol.toLowerCase()}`, protocol }, hosts, ...passed };
}

function servicePort(text: string): object {
  const [number, targetPort] = text.split(' ');
  return { port: Number(number), name: `p${number}`, ...(targetPort ? { targetPort: Number(targetPort) } : {}) };
}

function contributionOf(document: Written): Contribution {
  const claim = claimOf(document);
  const kind = 'severity' in claim ? undefined : kindOf(claim);
  if (!kind || 'severity' in claim) throw new TypeError(`the test itself is wrong: no kind ${document.kind}`);
  const { contribution, findings } = translate(kind, claim, document, NO_TEXT);
  if (!contribution) throw new TypeError(`the test itself is wrong: ${JSON.stringify(findings)}`);
  return contribution;
}

const NO_TEXT: ParseText = () => ({ ok: false, message: 'no resource here holds text' });
