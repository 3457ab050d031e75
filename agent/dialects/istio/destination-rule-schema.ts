import type { z } from 'zod';
import { listOf, mapOf, objectOf, oneOf, portNumber, textField, UNREAD } from '../expect.ts';
import { EXPORT_TO } from './export-to.ts';
import { hostPattern } from './host.ts';

// networking.istio.io DestinationRule, one schema for v1, v1beta1 and v1alpha3: what holds for each field by itself.
// Rules between fields stand in destination-rule-rules.ts.

export type DestinationRuleSpec = z.output<typeof DESTINATION_RULE_SPEC>;
export type TrafficPolicySpec = z.output<typeof TRAFFIC_POLICY>;
export type ClientTlsSpec = z.output<typeof CLIENT_TLS>;
export type SubsetSpec = z.output<typeof SUBSET>;

const TLS_MODES = ['DISABLE', 'SIMPLE', 'MUTUAL', 'ISTIO_MUTUAL'] as const;

const CLIENT_TLS = objectOf('TLS settings', {
  mode: oneOf('DISABLE, SIMPLE, MUTUAL or ISTIO_MUTUAL', TLS_MODES).optional(),
  // For TLS that is originated, which is refused.
  sni: UNREAD,
  clientCertificate: UNREAD,
  privateKey: UNREAD,
  caCertificates: UNREAD,
  caCrl: UNREAD,
  credentialName: UNREAD,
  subjectAltNames: UNREAD,
  insecureSkipVerify: UNREAD,
});

const SETTINGS = {
  tls: CLIENT_TLS.optional(),
  loadBalancer: UNREAD,
  connectionPool: UNREAD,
  outlierDetection: UNREAD,
};

const PORT_POLICY = objectOf('settings of a port', {
  ...SETTINGS,
  port: objectOf('a port with number', { number: portNumber('the port') }),
});

const TRAFFIC_POLICY = objectOf('a traffic policy', {
  ...SETTINGS,
  portLevelSettings: listOf('a list of at most 4096 settings', PORT_POLICY, { min: 0, max: 4096 }).optional(),
  tunnel: UNREAD,
  proxyProtocol: UNREAD,
  retryBudget: UNREAD,
});

const SUBSET = objectOf('a subset with name', {
  name: textField('the name of the subset'),
  labels: mapOf('labels', textField('the value of a label')).optional(),
  trafficPolicy: TRAFFIC_POLICY.optional(),
});

export const DESTINATION_RULE_SPEC = objectOf('the spec of a DestinationRule', {
  host: hostPattern,
  trafficPolicy: TRAFFIC_POLICY.optional(),
  subsets: listOf('a list of subsets', SUBSET, { min: 0, max: 65_536 }).optional(),
  exportTo: EXPORT_TO.optional(),
  workloadSelector: objectOf('a workload selector', {
    matchLabels: mapOf('labels', textField('the value of a label')).optional(),
  }).optional(),
});
