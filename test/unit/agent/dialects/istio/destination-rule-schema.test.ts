import { istioObject, type Row, testRows } from '../marked-document.ts';

// Each field by itself: type, range, form.

function bad(says: string, spec: string, path: string, message: RegExp): Row {
  return { says, yaml: istioObject('DestinationRule', spec), path, message };
}

function withLine(says: string, line: string, path: string, message: RegExp): Row {
  return bad(says, `  host: a.example\n  ${line}\n`, path, message);
}

testRows([
  {
    says: 'no spec',
    yaml: '▶apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: row}\n',
    path: 'spec',
    message: /missing; expected the spec of a DestinationRule/,
  },
  {
    ...bad('no host', '', 'spec.host', /missing; expected a DNS name, or "\*\." and one/),
    yaml: istioObject('DestinationRule', '  exportTo: ["."]\n').replace('spec:', '▶spec:'),
  },
  bad('every host', '  host: ▶"*"\n', 'spec.host', /"\*" alone is too wide here/),
  bad('an address', '  host: ▶198.18.0.1\n', 'spec.host', /an address is no host/),
  bad('a number', '  host: ▶1\n', 'spec.host', /found the number 1/),
  withLine('a policy of text', 'trafficPolicy: ▶tls', 'spec.trafficPolicy', /a traffic policy \(a mapping\)/),
  withLine('tls of text', 'trafficPolicy: {tls: ▶SIMPLE}', 'spec.trafficPolicy.tls', /TLS settings \(a mapping\)/),
  withLine(
    'a misspelt mode',
    'trafficPolicy: {tls: {mode: ▶SIMPEL}}',
    'spec.trafficPolicy.tls.mode',
    /expected DISABLE, SIMPLE, MUTUAL or ISTIO_MUTUAL.*did you mean "SIMPLE"/,
  ),
  withLine(
    'settings of no port',
    'trafficPolicy: {portLevelSettings: [▶{tls: {}}]}',
    'spec.trafficPolicy.portLevelSettings[0].port',
    /missing; expected a port with number/,
  ),
  withLine(
    'a port above the last',
    'trafficPolicy: {portLevelSettings: [{port: {number: ▶65536}}]}',
    'spec.trafficPolicy.portLevelSettings[0].port.number',
    /1 to 65535/,
  ),
  withLine('subsets as a mapping', 'subsets: ▶{v1: {}}', 'spec.subsets', /a list of subsets, found a mapping/),
  withLine(
    'a subset without name',
    'subsets: [▶{trafficPolicy: {}}]',
    'spec.subsets[0].name',
    /missing; expected the name/,
  ),
  withLine(
    'labels that are numbers',
    'subsets: [{name: a, labels: {v: ▶1}}]',
    'spec.subsets[0].labels.v',
    /label \(text\)/,
  ),
  withLine(
    'a selector of text',
    'workloadSelector: ▶app',
    'spec.workloadSelector',
    /a workload selector \(a mapping\)/,
  ),
  withLine('exportTo is text', 'exportTo: ▶"."', 'spec.exportTo', /expected a list/),
  {
    ...withLine('a misspelt field', '▶trafficPolcy: {}', 'spec.trafficPolcy', /did you mean "trafficPolicy"/),
    severity: 'warning',
  },
  {
    ...withLine('snake_case', '▶traffic_policy: {}', 'spec.traffic_policy', /read as "trafficPolicy"/),
    severity: 'warning',
  },
]);
