import { patternText } from '../../model/hostname.ts';
import { forbiddenToDial, type OwnPlace } from '../../registry/may-dial.ts';
import { errorAt, type Finding, type Path, warningAt } from '../dialect.ts';
import { quoted } from '../expect.ts';
import { repeated } from '../repeated.ts';
import { suggestion } from '../spelling.ts';
import { exportRules } from './export-to.ts';
import type { ServiceEntrySpec, WorkloadEndpoint } from './service-entry-schema.ts';

/**
 * What must hold between the fields of a ServiceEntry: the CEL rules of Istio's CRD, and what istiod refuses. Paths start
 * at the document.
 */
export function crossFieldFindings(spec: ServiceEntrySpec, namespace: string): readonly Finding[] {
  return [
    ...unsupported(spec),
    ...portRules(spec),
    ...resolutionRules(spec),
    ...endpointRules(spec),
    ...exportRules(spec.exportTo ?? [], namespace),
  ];
}

function* unsupported(spec: ServiceEntrySpec): Generator<Finding> {
  if (spec.resolution === 'DYNAMIC_DNS') {
    yield errorAt(
      ['spec', 'resolution'],
      'DYNAMIC_DNS is not supported yet; expected NONE, STATIC, DNS or DNS_ROUND_ROBIN',
    );
  }
  if (spec.workloadSelector === undefined) return;
  const why = spec.endpoints?.length ? 'it excludes endpoints, and it is not supported yet' : 'it is not supported yet';
  yield errorAt(['spec', 'workloadSelector'], `expected no workloadSelector: ${why}`, 'key');
}

function* portRules(spec: ServiceEntrySpec): Generator<Finding> {
  const ports = spec.ports ?? [];
  yield* repeated(
    ports.map(({ number }) => number),
    ['spec', 'ports'],
    'number',
  );
  yield* repeated(
    ports.map(({ name }) => name),
    ['spec', 'ports'],
    'name',
  );
  for (const at of ports.keys()) yield* portWarnings(spec, at);
  if (!spec.ports?.length) {
    yield warningAt(['spec', 'ports'], 'no ports: this ServiceEntry admits nothing; expected at least one', 'key');
  }
}

function* portWarnings(spec: ServiceEntrySpec, at: number): Generator<Finding> {
  const port = spec.ports?.[at];
  const path: Path = ['spec', 'ports', at];
  const unresolved = (spec.resolution ?? 'NONE') === 'NONE';
  if (port && port.protocol === undefined) {
    yield warningAt(
      [...path, 'protocol'],
      'no protocol: only HTTP and TLS that name one of the hosts are admitted; write TCP for anything else',
    );
  }
  if (port?.protocol === 'tcp' && unresolved && !spec.addresses?.length) {
    yield warningAt(
      [...path, 'protocol'],
      `TCP shows no name: without addresses every connection to port ${port.number} is of this ServiceEntry`,
    );
  }
  if (port?.targetPort !== undefined && unresolved && port.targetPort !== port.number) {
    yield warningAt([...path, 'targetPort'], 'no effect with resolution NONE, which keeps the port that was dialled');
  }
}

function* resolutionRules(spec: ServiceEntrySpec): Generator<Finding> {
  const { resolution = 'NONE', endpoints = [], addresses = [], hosts } = spec;
  const byName = resolution === 'DNS' || resolution === 'DNS_ROUND_ROBIN';
  for (const [at, address] of addresses.entries()) {
    if (!byName || !address.ranged) continue;
    yield errorAt(
      ['spec', 'addresses', at],
      `a CIDR is allowed only with resolution NONE or STATIC, not ${resolution}; expected an IP address`,
    );
  }
  if (resolution === 'NONE' && endpoints.length > 0) {
    yield errorAt(
      ['spec', 'endpoints'],
      'endpoints are not allowed with resolution NONE (the default); expected STATIC or DNS',
      'key',
    );
  }
  if (resolution === 'STATIC' && endpoints.length === 0 && !spec.workloadSelector) {
    yield warningAt(
      ['spec', 'endpoints'],
      'resolution STATIC without endpoints: nothing can be reached; expected at least one',
      'key',
    );
  }
  if (resolution === 'DNS_ROUND_ROBIN' && endpoints.length > 1) {
    yield errorAt(
      ['spec', 'endpoints'],
      `resolution DNS_ROUND_ROBIN takes at most one endpoint, found ${endpoints.length}`,
      'key',
    );
  }
  for (const [at, host] of hosts.entries()) {
    if (!byName || endpoints.length > 0 || host.kind === 'exact') continue;
    yield errorAt(
      ['spec', 'hosts', at],
      `a wildcard cannot be resolved: with resolution ${resolution} and no endpoints expected a full name`,
    );
  }
  const nameless = spec.ports?.findIndex((port) => port.protocol === 'tcp' || port.protocol === undefined) ?? -1;
  if (resolution !== 'NONE' && new Set(hosts.map(patternText)).size > 1 && nameless >= 0) {
    yield errorAt(
      ['spec', 'hosts'],
      `ports[${nameless}] is neither HTTP nor TLS, so the hosts cannot be told apart; expected one host`,
      'key',
    );
  }
}

function* endpointRules(spec: ServiceEntrySpec): Generator<Finding> {
  const names = new Set((spec.ports ?? []).map((port) => port.name));
  for (const [at, endpoint] of (spec.endpoints ?? []).entries()) {
    const path: Path = ['spec', 'endpoints', at];
    yield* addressFindings(endpoint, spec.resolution, [...path, 'address']);
    for (const name of Object.keys(endpoint.ports ?? {})) {
      if (names.has(name)) continue;
      yield errorAt([...path, 'ports', name], `spec.ports has no port of this name${suggestion(name, names)}`, 'key');
    }
  }
}

function* addressFindings(endpoint: WorkloadEndpoint, resolution: string | undefined, path: Path): Generator<Finding> {
  const { address } = endpoint;
  if (!address) {
    const why = endpoint.network === undefined ? 'missing' : 'missing, and networks are not supported';
    yield errorAt(path, `${why}; expected an IP address or a DNS name`);
  } else if (address.kind === 'name') {
    if (resolution === 'STATIC')
      yield errorAt(path, `resolution STATIC expects an IP address, found the name ${quoted(address.name)}`);
  } else {
    const why = forbiddenToDial(address.ip, NOWHERE);
    if (why) yield warningAt(path, `${address.ip} is never dialled for a workload (${why}): connections will fail`);
  }
}

/** Only what is forbidden everywhere is known here; own addresses and cluster ranges are judged before the dial. */
const NOWHERE: OwnPlace = { addresses: new Set(), clusterCidrs: [] };
