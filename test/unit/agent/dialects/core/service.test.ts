import { deepEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { readDocuments } from '../../../../../agent/sources/documents.ts';
import { type Row, soundDocument, testRows } from '../marked-document.ts';

const HEAD = 'apiVersion: v1\nkind: Service\nmetadata:\n  name: gw\n  namespace: edge\n';
const SPEC = 'spec: {selector: {app: gw}, ports: [{port: 80, name: http, targetPort: 8080}]}\n';
const ANNOTATION = '  annotations:\n    weir.dev/gateway-transport: ';

function service(yaml: string): unknown {
  const { contribution } = soundDocument(yaml);
  return contribution?.kind === 'service' ? contribution.service : contribution;
}

const GATEWAY = {
  ref: { kind: 'Service', namespace: 'edge', name: 'gw' },
  host: 'gw.edge.svc.cluster.local',
  ports: [{ number: 80, name: 'http', targetPort: 8080 }],
  selector: { app: 'gw' },
  transport: 'plain',
};

test('a gateway', () => {
  deepEqual(service(`${HEAD}${SPEC}`), GATEWAY);
  deepEqual(service(`${HEAD}${SPEC}`.replace('  namespace: edge\n', '')), {
    ...GATEWAY,
    ref: { ...GATEWAY.ref, namespace: 'default' },
    host: 'gw.default.svc.cluster.local',
  });
});

test('ports: TCP alone, the same port in the pods unless told otherwise', () => {
  const ports =
    '{port: 53, protocol: UDP, name: dns}, {port: 53, name: dns-tcp, protocol: TCP}, {port: 80, name: web, targetPort: web}, ' +
    '{port: 9, name: s, protocol: SCTP}, {port: 443, name: tls, targetPort: null, protocol: null}';
  deepEqual(service(`${HEAD}spec: {ports: [${ports}]}\n`), {
    ...GATEWAY,
    ports: [
      { number: 53, name: 'dns-tcp', targetPort: 53 },
      { number: 80, name: 'web', targetPort: undefined },
      { number: 443, name: 'tls', targetPort: 443 },
    ],
    selector: undefined,
  });
});

test('one port without a name; no port; nothing selected', () => {
  const port = { number: 80, name: '', targetPort: 80 };
  deepEqual(service(`${HEAD}spec: {ports: [{port: 80}]}\n`), { ...GATEWAY, ports: [port], selector: undefined });
  deepEqual(service(`${HEAD}spec: {ports: [{port: 80}], selector: {}}\n`), {
    ...GATEWAY,
    ports: [port],
    selector: undefined,
  });
  deepEqual(service(`${HEAD}spec: {ports: null, selector: null, type: null}\n`), {
    ...GATEWAY,
    ports: [],
    selector: undefined,
  });
});

test('the transport', () => {
  deepEqual(service(`${HEAD}${ANNOTATION}plain\n${SPEC}`), GATEWAY);
  deepEqual(service(`${HEAD}${ANNOTATION}proxy-v2\n${SPEC}`), { ...GATEWAY, transport: 'proxy-v2' });
});

test('as an API server prints it: no field of a Service is called unknown', () => {
  const rest = `spec:
  allocateLoadBalancerNodePorts: true
  clusterIP: 203.0.113.7
  clusterIPs: [203.0.113.7]
  externalIPs: []
  externalTrafficPolicy: Cluster
  healthCheckNodePort: 31000
  internalTrafficPolicy: Cluster
  ipFamilies: [IPv4]
  ipFamilyPolicy: SingleStack
  loadBalancerClass: example.com/a
  loadBalancerIP: 203.0.113.8
  loadBalancerSourceRanges: []
  ports: [{name: http, port: 80, nodePort: 30080, targetPort: 8080, protocol: TCP, appProtocol: http}]
  publishNotReadyAddresses: false
  selector: {app: gw}
  sessionAffinity: ClientIP
  sessionAffinityConfig: {clientIP: {timeoutSeconds: 10800}}
  trafficDistribution: PreferClose
  type: LoadBalancer
status: {loadBalancer: {}}
`;
  deepEqual(service(`${HEAD}${rest}`), GATEWAY);
});

function transport(says: string, written: string, message: RegExp): Row {
  return {
    says,
    yaml: `${HEAD}${ANNOTATION}▶${written}\n${SPEC}`,
    path: 'metadata.annotations["weir.dev/gateway-transport"]',
    message,
  };
}

function spec(says: string, yaml: string, path: string, message: RegExp): Row {
  return { says, yaml: `${HEAD}spec:\n${yaml}`, path: `spec${path}`, message };
}

testRows([
  transport('connect', 'connect', /^connect is not supported yet; expected plain or proxy-v2$/),
  transport('hbone', 'hbone', /^hbone is not supported yet; expected plain or proxy-v2$/),
  transport(
    'a misspelt one',
    'proxyv2',
    /expected plain or proxy-v2, found the text "proxyv2"; did you mean "proxy-v2"\?/,
  ),
  transport('an empty one', '""', /expected plain or proxy-v2, found the text ""$/),
  {
    says: 'a name with a dot',
    yaml: `${HEAD.replace('gw', '▶g.w')}${SPEC}`,
    path: 'metadata.name',
    message: /the name of a Service: .* found the text "g\.w"/,
  },
  {
    says: 'a name of 64 characters',
    yaml: `${HEAD.replace('gw', `▶${'a'.repeat(64)}`)}${SPEC}`,
    path: 'metadata.name',
    message: /at most 63 characters/,
  },
  {
    says: 'a name that is none at all is complained of once',
    yaml: `${HEAD.replace('gw', '▶G.w')}${SPEC}`,
    path: 'metadata.name',
    message: /lower-case/,
  },
  { says: 'no spec', yaml: `▶${HEAD}`, path: 'spec', message: /missing; expected the spec of a Service/ },
  spec('an unknown type', '  type: ▶NodePorts\n', '.type', /ExternalName, found .* did you mean "NodePort"/),
  spec('a port as text', '  ports:\n  - port: ▶"80"\n', '.ports[0].port', /the port \(a number .* the text "80"/),
  spec('a port without number', '  ports:\n  - ▶name: http\n', '.ports[0].port', /missing; expected the port/),
  spec('an unknown protocol', '  ports:\n  - {port: 80, protocol: ▶HTTP}\n', '.ports[0].protocol', /TCP, UDP or SCTP/),
  spec('a target that is none', '  ports:\n  - {port: 80, targetPort: ▶0}\n', '.ports[0].targetPort', /the number 0/),
  spec(
    'a port twice',
    '  ports:\n  - {port: 80, name: a}\n  - {port: ▶80, name: b}\n',
    '.ports[1].port',
    /the port 80 is that of ports\[0\] too/,
  ),
  spec(
    'a name twice',
    '  ports:\n  - {port: 80, name: a}\n  - {port: 81, name: ▶a}\n',
    '.ports[1].name',
    /the name "a" is that of ports\[0\] too/,
  ),
  spec('a selector that is a list', '  selector: ▶[a]\n', '.selector', /labels of the pods \(a mapping\)/),
]);

testRows([
  {
    ...spec('a misspelt field', '  ▶selectr: {app: gw}\n', '.selectr', /unknown field: .* did you mean "selector"/),
    severity: 'warning',
  },
  {
    ...spec('no names of elsewhere yet', '  type: ▶ExternalName\n  externalName: a.example\n', '.type', /not read yet/),
    severity: 'warning',
  },
]);

test('an ExternalName Service adds nothing', () => {
  const [document] = readDocuments('a.yaml', `${HEAD}spec: {type: ExternalName, externalName: a.example}\n`);
  deepEqual(document?.contribution, { kind: 'nothing' });
});
