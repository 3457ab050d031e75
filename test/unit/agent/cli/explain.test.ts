import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type ExplainOptions, runExplain } from '../../../../agent/cli/explain.ts';
import type { Explanation } from '../../../../agent/registry/explain.ts';
import { temporaryFolder } from '../sources/temporary-folder.ts';

const LISTED = fileURLToPath(new URL('../../../fixtures/config/listed', import.meta.url));
const BROKEN = fileURLToPath(new URL('../../../fixtures/config/broken', import.meta.url));

const ASKED: ExplainOptions = {
  config: LISTED,
  from: 'default/sleep',
  to: 'aliyun.com:80',
  host: undefined,
  method: undefined,
  path: undefined,
  header: [],
  sni: undefined,
  alpn: [],
  clusterCidr: [],
  allowLocalEndpoints: false,
  hop: 'mesh',
  json: true,
};

async function answer(changes: Partial<ExplainOptions>): Promise<Explanation> {
  const { code, output } = await runExplain({ ...ASKED, ...changes });
  equal(code, 0, output);
  return JSON.parse(output) as Explanation; // the shape is what the first test asserts
}

async function brief(changes: Partial<ExplainOptions>): Promise<readonly unknown[]> {
  const { verdict, dial, status, reason } = await answer(changes);
  return [verdict, dial, status, reason];
}

test('one object with exactly these keys', async () => {
  const keys = ['verdict', 'via', 'dial', 'status', 'reason', 'matched', 'remedy', 'problems', 'trace'];
  for (const changes of [{ host: 'aliyun.com' }, { host: 'other.test' }, { to: '169.254.169.254:80' }]) {
    deepEqual(Object.keys(await answer(changes)), keys);
  }
  const { output } = await runExplain({ ...ASKED, host: 'aliyun.com' });
  ok(output.startsWith('{') && output.endsWith('}\n'));
});

test('what is listed', async () => {
  const { trace, ...rest } = await answer({ host: 'aliyun.com' });
  ok(trace.length > 0);
  deepEqual(rest, {
    verdict: 'allow',
    via: 'direct',
    dial: 'name',
    status: null,
    reason: 'granted',
    matched: [{ kind: 'ServiceEntry', namespace: 'default', name: 'external-svc-http' }],
    remedy: null,
    problems: [],
  });
});

test('what kind of call it is follows from the options', async () => {
  deepEqual(await brief({}), ['deny', null, null, 'protocol-mismatch'], 'opaque TCP');
  deepEqual(await brief({ method: 'POST' }), ['allow', 'name', null, 'granted'], 'HTTP to the host of --to');
  deepEqual(await brief({ method: 'GET', to: '203.0.113.1:80' }), ['deny', null, 502, 'not-listed']);
  deepEqual(await brief({ sni: 'aliyun.com' }), ['deny', null, null, 'protocol-mismatch'], 'TLS on an HTTP port');
  deepEqual(await brief({ sni: '' }), ['deny', null, null, 'not-listed'], 'TLS without a name');
  deepEqual(await brief({ host: 'ALIYUN.com.:80' }), ['allow', 'name', null, 'granted']);
  deepEqual(await brief({ host: 'aliyun.com:81' }), ['deny', null, 502, 'not-listed']);
  deepEqual(await brief({ path: '/x', header: ['x-a: b'], host: 'aliyun.com' }), ['allow', 'name', null, 'granted']);
});

test('a host name in --to is an address of that name, an address is one of none', async (t) => {
  const config = folderOf(t, { resolution: 'NONE' });
  deepEqual(await brief({ config, host: 'api.test', to: 'api.test:80' }), ['allow', 'original', null, 'granted']);
  deepEqual(await brief({ config, host: 'api.test', to: 'else.test:80' }), ['allow', 'name', null, 'granted']);
  deepEqual(await brief({ config, host: 'api.test', to: '203.0.113.1:80' }), ['allow', 'name', null, 'granted']);
  deepEqual(await brief({ config, host: 'api.test', to: '[2001:db8::1]:80' }), ['allow', 'name', null, 'granted']);
  const listed = folderOf(t, { resolution: 'NONE, addresses: ["203.0.113.0/24", "2001:db8::/32"]' });
  for (const to of ['203.0.113.1:80', '[2001:db8::1]:80', '[::ffff:203.0.113.1]:80'])
    deepEqual(await brief({ config: listed, host: 'api.test', to }), ['allow', 'original', null, 'granted'], to);
});

test('the source is a pod by its name, or by the address that a Pod resource has', async () => {
  for (const from of ['default/sleep', 'default/other', '198.18.1.10', '2001:db8:1::10', '::ffff:198.18.1.10'])
    deepEqual(await brief({ from, host: 'aliyun.com' }), ['allow', 'name', null, 'granted'], from);
  const stranger = await answer({ from: '198.18.1.11', host: 'aliyun.com' });
  deepEqual([stranger.verdict, stranger.reason, stranger.remedy], ['deny', 'source-unknown', null]);
});

test('what is never dialled is refused here too', async (t) => {
  const config = folderOf(t, { resolution: 'STATIC, endpoints: [{address: 127.0.0.1}]' });
  deepEqual(await brief({ config, host: 'api.test', to: 'api.test:80' }), ['deny', null, 503, 'address-forbidden']);
  const kept = folderOf(t, { resolution: 'NONE, addresses: ["0.0.0.0/0", "::/0"]' });
  for (const to of ['127.0.0.1:80', '169.254.169.254:80', '[::1]:80', '[64:ff9b::7f00:1]:80'])
    deepEqual(await brief({ config: kept, host: 'api.test', to }), ['deny', null, 502, 'address-forbidden'], to);
  const clusterCidr = ['198.18.64.0/18,fd00::/8'];
  for (const to of ['198.18.64.1:80', '[fd00::1]:80'])
    deepEqual(await brief({ config: kept, host: 'api.test', to, clusterCidr }), [
      'deny',
      null,
      502,
      'address-forbidden',
    ]);
});

test('an endpoint on loopback is dialled by a gateway that runs with --allow-local-endpoints', async (t) => {
  const config = folderOf(t, { resolution: 'STATIC, endpoints: [{address: 127.0.0.1, ports: {http: 8081}}]' });
  for (const [name, kind, spec] of [
    ['in', 'Gateway', '{selector: {}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: [api.test]}]}'],
    ['in', 'VirtualService', '{hosts: [api.test], gateways: [in], http: [{route: [{destination: {host: api.test}}]}]}'],
  ])
    writeFileSync(
      join(config, `${kind}.yaml`),
      `{apiVersion: networking.istio.io/v1, kind: ${kind}, metadata: {name: ${name}}, spec: ${spec}}`,
    );
  const call = { config, from: '203.0.113.9', host: 'api.test', to: 'api.test:80', hop: 'gateway:edge/proxy' };
  deepEqual(await brief(call), ['deny', null, 503, 'address-forbidden']);
  deepEqual(await brief({ ...call, allowLocalEndpoints: true }), ['allow', 'name', null, 'granted']);
});

test('it answers from what is valid, and names what is not', async () => {
  const valid = await answer({ config: BROKEN, host: 'before.example', to: 'before.example:80' });
  equal(valid.verdict, 'allow');
  deepEqual(
    valid.problems.map((problem) => problem.slice(BROKEN.length + 1).split(' ')[0]),
    ['three.yaml:16:3:', 'three.yaml:24:20:'],
  );
  const absent = await answer({ config: `${LISTED}/none`, host: 'aliyun.com' });
  deepEqual([absent.verdict, absent.problems.length], ['deny', 1]);
});

test('the remedy, put into the folder, allows the call', async (t) => {
  const config = temporaryFolder(t);
  const calls: readonly Partial<ExplainOptions>[] = [
    { host: 'api.test', to: 'api.test:80' },
    { sni: 'api.test', to: '203.0.113.1:443' },
    { sni: '', to: '203.0.113.2:443' },
    { to: 'db.test:3306' },
    { to: '[2001:db8::1]:22' },
    { host: 'api.test:8080', to: 'api.test:80' },
  ];
  for (const [at, call] of calls.entries()) {
    const { verdict, remedy } = await answer({ ...call, config });
    equal(verdict, 'deny');
    writeFileSync(join(config, `${at}.yaml`), remedy ?? '');
    const after = await answer({ ...call, config });
    deepEqual([after.verdict, after.problems], ['allow', []], JSON.stringify(call));
  }
});

test('for a person: the verdict, what decided, and the YAML that would allow it', async () => {
  const { output } = await runExplain({ ...ASKED, host: 'other.test', json: false });
  match(output, /^default\/sleep to aliyun\.com:80: refused \(not-listed\)\n {2}the client gets HTTP 502\n/);
  match(output, /\n {2}decided by ConfigMap istio-system\/istio\n/);
  match(output, /\nThis would allow it:\n\napiVersion: networking\.istio\.io\/v1\n/);
  const allowed = await runExplain({ ...ASKED, host: 'aliyun.com', json: false });
  match(allowed.output, /^default\/sleep to aliyun\.com:80: allowed, direct \(granted\)\n {2}decided by ServiceEntry /);
});

for (const [changes, problem] of [
  [{ from: 'sleep' }, /--from: expected NS\/POD or an IP address, not "sleep"/],
  [{ to: 'aliyun.com' }, /--to: expected HOST:PORT/],
  [{ to: '2001:db8::1:80' }, /--to/],
  [{ to: 'aliyun.com:0' }, /--to/],
  [{ sni: 'a.test', host: 'a.test' }, /--sni describes a TLS flow/],
  [{ sni: '203.0.113.1' }, /--sni: expected a host name/],
  [{ host: 'a b' }, /--host: expected NAME/],
  [{ header: ['nocolon'] }, /--header: expected 'Name: value'/],
  [{ header: ['a name: b'] }, /--header: expected 'Name: value'/],
  [{ method: 'GET /' }, /--method: expected one word such as GET, not "GET \/"/],
  [{ method: '' }, /--method: expected one word/],
  [{ path: 'x' }, /--path: expected what follows the host, from "\/" on, not "x"/],
  [{ path: '/a b' }, /--path: expected/],
  [{ clusterCidr: ['198.18.0.0/15,x'] }, /--cluster-cidr: expected a CIDR, not "x"/],
  [{ hop: 'gateway:a' }, /--hop: expected mesh or gateway:NS\/NAME, not "gateway:a"/],
  [{ hop: 'moon' }, /--hop: expected mesh or gateway:NS\/NAME, not "moon"/],
] as const) {
  test(`64: ${JSON.stringify(changes)}`, async () => {
    const { code, output } = await runExplain({ ...ASKED, ...changes });
    equal(code, 64);
    equal(output.trim().split('\n').length, 1, output);
    match(output, problem);
  });
}

/** A folder with one ServiceEntry of api.test. */
function folderOf(t: TestContext, { resolution }: { readonly resolution: string }): string {
  const dir = temporaryFolder(t);
  const spec = `{hosts: [api.test], ports: [{number: 80, name: http, protocol: HTTP}], resolution: ${resolution}}`;
  writeFileSync(
    join(dir, 'api.yaml'),
    `{apiVersion: networking.istio.io/v1, kind: ServiceEntry, metadata: {name: api}, spec: ${spec}}`,
  );
  return dir;
}
