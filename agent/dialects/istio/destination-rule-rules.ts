import { patternText } from '../../model/hostname.ts';
import { errorAt, type Finding, type Path, warningAt } from '../dialect.ts';
import { quoted } from '../expect.ts';
import { repeats } from '../repeated.ts';
import type { ClientTlsSpec, DestinationRuleSpec, SubsetSpec, TrafficPolicySpec } from './destination-rule-schema.ts';
import { exportRules } from './export-to.ts';
import { fullPattern } from './host.ts';
import { notHonoured } from './not-honoured.ts';

/** What must hold between the fields of a DestinationRule, and what of it has no effect. Paths start at the document. */
export function* destinationRuleRules(spec: DestinationRuleSpec, namespace: string): Generator<Finding> {
  const host = patternText(fullPattern(spec.host, namespace));
  if (spec.trafficPolicy)
    yield* policyRules(spec.trafficPolicy, host, (port) => `port ${port} of ${host}`, ['spec', 'trafficPolicy']);
  yield* subsetRules(spec.subsets ?? [], host);
  yield* notHonoured(spec, ['workloadSelector'], ['spec'], 'this applies to all workloads');
  yield* exportRules(spec.exportTo ?? [], namespace);
}

/** `peer`: whom the policy is for, in words; `portPeer`: whom TLS at one port refuses. */
function* policyRules(
  policy: TrafficPolicySpec,
  peer: string,
  portPeer: (port: number) => string,
  path: Path,
): Generator<Finding> {
  const ports = policy.portLevelSettings ?? [];
  yield* tlsRules(policy.tls, peer, [...path, 'tls']);
  yield* notHonoured(policy, [...NOT_HONOURED, 'tunnel', 'proxyProtocol', 'retryBudget'], path, WITHOUT_IT);
  yield* twice(
    ports.map(({ port }) => port.number),
    (at) => [...path, 'portLevelSettings', at, 'port', 'number'],
  );
  for (const [at, each] of ports.entries()) {
    const below = [...path, 'portLevelSettings', at];
    yield* tlsRules(each.tls, portPeer(each.port.number), [...below, 'tls']);
    yield* notHonoured(each, NOT_HONOURED, below, WITHOUT_IT);
  }
}

const NOT_HONOURED = ['loadBalancer', 'connectionPool', 'outlierDetection'] as const;
const WITHOUT_IT = 'connections are made without it';

function* subsetRules(subsets: readonly SubsetSpec[], host: string): Generator<Finding> {
  yield* twice(
    subsets.map(({ name }) => name),
    (at) => ['spec', 'subsets', at, 'name'],
  );
  for (const [at, { name, labels = {}, trafficPolicy }] of subsets.entries()) {
    const path: Path = ['spec', 'subsets', at];
    if (Object.keys(labels).length > 0) {
      yield warningAt([...path, 'labels'], 'not honoured yet: a subset is every endpoint of its host', 'key');
    }
    const peer = `subset ${quoted(name)} of ${host}`;
    if (trafficPolicy) yield* policyRules(trafficPolicy, peer, () => peer, [...path, 'trafficPolicy']);
  }
}

function* tlsRules(tls: ClientTlsSpec | undefined, peer: string, path: Path): Generator<Finding> {
  const mode = tls?.mode ?? 'DISABLE';
  if (mode === 'DISABLE') return;
  yield warningAt(
    [...path, 'mode'],
    `${mode} is not honoured yet: connections to ${peer} are refused (503) rather than sent without TLS`,
  );
}

function* twice(keys: readonly (string | number)[], pathOf: (at: number) => Path): Generator<Finding> {
  for (const { at, first } of repeats(keys))
    yield errorAt(pathOf(at), `the same as in entry ${first}; expected each once`);
}
