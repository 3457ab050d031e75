import { deepEqual, equal, match } from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runCheck } from '../../../../agent/cli/check.ts';
import { temporaryFolder } from '../sources/temporary-folder.ts';

function fixture(name: string): string {
  return fileURLToPath(new URL(`../../../fixtures/config/${name}`, import.meta.url));
}

const check = (config: string, options: { strict?: boolean; json?: boolean } = {}) =>
  runCheck({ config, strict: options.strict ?? false, json: options.json ?? false });

test('a clean folder: what is in force, and 0, strict or not', async () => {
  for (const strict of [false, true]) {
    const { code, output } = await check(fixture('listed'), { strict });
    equal(code, 0);
    equal(
      output,
      '0 errors, 0 warnings. In force: 1 ServiceEntry for 1 host; mode REGISTRY_ONLY (ConfigMap istio-system/istio); 1 workload.\n',
    );
  }
});

test('warnings alone: 0, and 1 with strict', async () => {
  const config = fixture('proxy');
  const { code, output } = await check(config);
  equal(code, 0);
  deepEqual(output.split('\n'), [
    `${config}/service-entries.yaml:47:14: warning: spec.endpoints[0].address: 127.0.0.1 is never dialled for a workload (loopback): connections will fail [ServiceEntry default/localhost]`,
    '0 errors, 1 warning. In force: 3 ServiceEntries for 3 hosts; mode REGISTRY_ONLY (the default: no resource sets it); 0 workloads.',
    '',
  ]);
  equal((await check(config, { strict: true })).code, 1);
});

test('errors: 2, each in a line that an editor can jump to', async () => {
  const config = fixture('broken');
  for (const strict of [false, true]) {
    const { code, output } = await check(config, { strict });
    equal(code, 2);
    const lines = output.split('\n');
    match(lines[0] ?? '', /three\.yaml:16:3: error: not YAML: .* \[ServiceEntry default\/broken\]$/);
    match(
      lines[1] ?? '',
      /three\.yaml:24:20: error: spec\.ports\[0\]\.number: expected the port .*, found the text "80" \[ServiceEntry default\/after\]$/,
    );
    match(lines[2] ?? '', /^2 errors, 0 warnings\. In force: 1 ServiceEntry for 1 host;/);
  }
});

test('no folder: 2; an empty one: 0, and 1 with strict', async (context) => {
  const dir = temporaryFolder(context);
  const missing = await check(join(dir, 'none'));
  equal(missing.code, 2);
  match(missing.output, /none:1:1: error: the configuration folder cannot be read: it does not exist/);
  deepEqual([(await check(dir)).code, (await check(dir, { strict: true })).code], [0, 1]);
  match((await check(dir)).output, /In force: nothing is listed; mode REGISTRY_ONLY/);
});

test('as JSON', async (context) => {
  const dir = temporaryFolder(context);
  writeFileSync(join(dir, 'a.yaml'), 'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\n');
  const { code, output } = await check(dir, { json: true });
  equal(code, 0);
  deepEqual(JSON.parse(output), {
    ok: true,
    errors: 0,
    warnings: 1,
    inForce: { mode: 'REGISTRY_ONLY', modeFrom: null, grants: {}, hosts: 0, workloads: 0 },
    problems: [
      {
        severity: 'warning',
        position: { file: join(dir, 'a.yaml'), line: 2, column: 7 },
        resource: { kind: 'Deployment', namespace: 'default', name: 'a' },
        path: 'kind',
        message: 'kind Deployment of apps/v1 is not read: ignored',
      },
    ],
  });
});

const ROUTED = `apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: egress, namespace: edge}
spec: {selector: {app: gw}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: [aliyun.com]}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: aliyun, namespace: edge}
spec: {hosts: [aliyun.com], gateways: [egress], http: [{route: [{destination: {host: aliyun.com, port: {number: 80}}}]}]}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: aliyun, namespace: edge}
spec: {host: aliyun.com}
---
apiVersion: v1
kind: Service
metadata: {name: gw, namespace: edge}
spec: {selector: {app: gw}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: gw-2, namespace: edge}
spec: {ports: [{port: 80}]}
`;

test('what leads the way is told where there is any, as a sentence and as JSON', async (context) => {
  const dir = temporaryFolder(context);
  writeFileSync(join(dir, 'a.yaml'), ROUTED);
  const { output } = await check(dir, { json: true });
  const parsed: unknown = JSON.parse(output);
  deepEqual(typeof parsed === 'object' && parsed && 'inForce' in parsed && parsed.inForce, {
    mode: 'REGISTRY_ONLY',
    modeFrom: null,
    grants: {},
    hosts: 0,
    routes: { VirtualService: 1 },
    gateways: 1,
    services: 2,
    destinationPolicies: 1,
    workloads: 0,
  });
  match(
    (await check(dir)).output,
    /In force: nothing is listed; 1 VirtualService, 1 Gateway, 2 Services, 1 DestinationRule; mode REGISTRY_ONLY/,
  );
});

test('two gateways are Gateways', async (context) => {
  const dir = temporaryFolder(context);
  writeFileSync(
    join(dir, 'a.yaml'),
    `${ROUTED}---\n${ROUTED.split('---\n')[0]?.replace('name: egress', 'name: other')}`,
  );
  match((await check(dir)).output, /1 VirtualService, 2 Gateways, 2 Services/);
});
