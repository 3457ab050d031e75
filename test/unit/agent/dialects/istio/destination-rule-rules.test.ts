import { istioObject, type Row, testRows } from '../marked-document.ts';

// Rules between fields, then what is not honoured.

function bad(says: string, rest: string, path: string, message: RegExp, host = 'a.example'): Row {
  return { says, yaml: istioObject('DestinationRule', `  host: ${host}\n  ${rest}\n`), path, message };
}

function doubtful(says: string, rest: string, path: string, message: RegExp, host?: string): Row {
  return { ...bad(says, rest, path, message, host), severity: 'warning' };
}

const UNDONE = /^not honoured yet: connections are made without it$/;
const POLICY = 'spec.trafficPolicy';
const PORTS = `${POLICY}.portLevelSettings`;

testRows([
  bad(
    'a port twice',
    'trafficPolicy: {portLevelSettings: [{port: {number: 1}}, {port: {number: ▶1}}]}',
    `${PORTS}[1].port.number`,
    /^the same as in entry 0; expected each once$/,
  ),
  bad(
    'a subset twice',
    'subsets: [{name: a}, {name: b}, {name: ▶a}]',
    'spec.subsets[2].name',
    /^the same as in entry 0/,
  ),
  bad('exported to none and to one', 'exportTo: [▶"~", web]', 'spec.exportTo[0]', /must stand alone/),

  ...['SIMPLE', 'MUTUAL', 'ISTIO_MUTUAL'].map((mode) =>
    doubtful(
      `mode ${mode}`,
      `trafficPolicy: {tls: {mode: ▶${mode}}}`,
      `${POLICY}.tls.mode`,
      new RegExp(
        `^${mode} is not honoured yet: connections to reviews\\.shop\\.svc\\.cluster\\.local are refused \\(503\\) rather than sent without TLS$`,
      ),
      'reviews',
    ),
  ),
  doubtful(
    'TLS at a port',
    'trafficPolicy: {portLevelSettings: [{port: {number: 443}, tls: {mode: ▶SIMPLE}}]}',
    `${PORTS}[0].tls.mode`,
    /connections to port 443 of \*\.a\.example are refused \(503\)/,
    '"*.a.example"',
  ),
  doubtful(
    'TLS of a subset',
    'subsets: [{name: v1, trafficPolicy: {tls: {mode: ▶MUTUAL}}}]',
    'spec.subsets[0].trafficPolicy.tls.mode',
    /^MUTUAL is .*connections to subset "v1" of a\.example are refused \(503\)/,
  ),
  doubtful(
    'TLS at a port of a subset refuses all of it',
    'subsets: [{name: v1, trafficPolicy: {portLevelSettings: [{port: {number: 443}, tls: {mode: ▶SIMPLE}}]}}]',
    'spec.subsets[0].trafficPolicy.portLevelSettings[0].tls.mode',
    /connections to subset "v1" of a\.example are refused/,
  ),
  doubtful(
    'labels of a subset',
    'subsets: [{name: v1, ▶labels: {version: v1}}]',
    'spec.subsets[0].labels',
    /^not honoured yet: a subset is every endpoint of its host$/,
  ),
  ...['loadBalancer', 'connectionPool', 'outlierDetection', 'tunnel', 'proxyProtocol', 'retryBudget'].map((field) =>
    doubtful(field, `trafficPolicy: {▶${field}: {}}`, `${POLICY}.${field}`, UNDONE),
  ),
  ...['loadBalancer', 'connectionPool', 'outlierDetection'].map((field) =>
    doubtful(
      `${field} of a port`,
      `trafficPolicy: {portLevelSettings: [{port: {number: 1}, ▶${field}: {}}]}`,
      `${PORTS}[0].${field}`,
      UNDONE,
    ),
  ),
  doubtful(
    'the load balancer of a subset',
    'subsets: [{name: v1, trafficPolicy: {▶loadBalancer: {simple: RANDOM}}}]',
    'spec.subsets[0].trafficPolicy.loadBalancer',
    UNDONE,
  ),
  doubtful(
    'a workload selector',
    '▶workloadSelector: {matchLabels: {app: a}}',
    'spec.workloadSelector',
    /^not honoured yet: this applies to all workloads$/,
  ),
]);
