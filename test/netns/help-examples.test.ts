/** What is typed from the help texts, or from docs/try-it.md, does what stands there. */
import assert from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { originAddresses } from '../support/clients/egress-world.ts';
import { everyHelp, examplesOf } from '../support/documents/help.ts';
import { missingFrom, stepsOf, typeAll } from '../support/documents/page-run.ts';
import { pageText, ROOT } from '../support/documents/pages.ts';
import { serviceEntry } from '../support/lab/captured.ts';
import { CLUSTER_CIDR } from '../support/lab/gateway.ts';
import { type Lab, makeLab } from '../support/lab/lab.ts';
import { istioResource, podResource } from '../support/lab/resources.ts';
import { outcomeText } from '../support/lab/run.ts';
import { waitFor } from '../support/lab/wait.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

type Row = {
  readonly example: string;
  /** Where it is typed; the node if not given. */
  readonly at?: string;
  /** 0 if not given. */
  readonly code?: number;
  /** What it says, on either stream. */
  readonly says: RegExp;
  /** The example is a program that goes on: what is done while it does. Then it is asked to stop. */
  readonly meanwhile?: () => Promise<void>;
};

const EXPLAIN = 'weir-agent explain --config policy/ --from shop/web-0';

/** In the order in which they are typed. */
const ROWS: readonly Row[] = [
  { example: 'weir-init print --cluster-cidr 10.0.0.0/8', says: /weir-cluster4/ },
  { example: 'weir-init apply --netns /run/netns/web', says: /^v4 proved: [^]*^v6 proved: [^]*^NOT captured: UDP/m },
  { example: 'weir-init verify --netns /run/netns/web', says: /^v4 proved: [^]*^v6 proved: /m },
  { example: 'weir-init status --netns /run/netns/web --json', says: /"inPlace":"all"[^]*"notCaptured":"UDP/ },
  {
    example: 'weir-agent run --config policy/ --netns /run/netns/web --workload shop/web-0',
    says: /listening for shop\/web-0[^]*"authority":"api\.example"|"authority":"api\.example"[^]*listening for shop/,
    meanwhile: () => callFrom('web', 'http://api.example/'),
  },
  {
    example:
      'weir-agent run --config policy/ --netns /run/netns/web --workload shop/web-0 ' +
      '--netns /run/netns/job --workload batch/job-0 --access-log access.log --cluster-cidr 10.0.0.0/8',
    says: /listening for shop\/web-0[^]*listening for batch\/job-0/,
    meanwhile: async () => {
      await callFrom('web', 'http://api.example/');
      const line = await lab.accessLine(({ authority }) => authority === 'api.example');
      assert.deepEqual([line['source_workload'], line['verdict']], ['web-0', 'allow']);
    },
  },
  {
    example:
      'weir-agent gateway --config policy/ --name istio-system/egress-0 --labels istio=egressgateway ' +
      '--cluster-cidr 10.0.0.0/8 --trusted-peers 192.168.7.0/24',
    at: 'egress',
    says: /listening on port 80[^]*"source_workload":"job-0"|"source_workload":"job-0"[^]*listening on port 80/,
    meanwhile: () => callFrom('job', `http://${lab.pod('egress').v4}/`, '-H', 'Host: api.example'),
  },
  {
    example: 'weir-agent gateway --config policy/ --name edge/proxy --labels istio=ingressgateway --cluster-cidr none',
    at: 'egress',
    says: /listening on port 80/,
    meanwhile: () => callFrom('ext', `http://${lab.pod('egress').v4}/`, '-H', 'Host: api.example'),
  },
  { example: 'weir-agent check --config policy/ --strict', says: /^0 errors, 0 warnings\. In force: / },
  { example: 'weir-agent check --config policy/ --json', says: /"ok": true[^]*"ServiceEntry": 1/ },
  { example: `${EXPLAIN} --to api.example:80 --host api.example`, says: /: allowed, direct \(granted\)/ },
  { example: `${EXPLAIN} --to api.example:443 --sni api.example`, says: /: allowed, direct \(granted\)/ },
  {
    example: `${EXPLAIN} --to api.example:80 --host api.example --method POST --path /v1/orders --header 'X-Tenant: blue'`,
    says: /: allowed, direct \(granted\)/,
  },
  { example: `${EXPLAIN} --to 203.0.113.7:5432 --json`, says: /"reason": "not-listed"[^]*"remedy": "apiVersion: / },
  {
    example: `${EXPLAIN} --to api.example:80 --host api.example --hop gateway:istio-system/egress-0`,
    says: /decided by Gateway default\/egress/,
  },
  {
    example: 'weir-init apply --cluster-cidr 10.96.0.0/12,10.244.0.0/16,fd00::/8',
    at: 'job',
    says: /^v6 proved: [^]*everything to 10\.96\.0\.0\/12/m,
  },
  {
    example: 'weir-init apply --uncaptured reject',
    at: 'job',
    says: /^v6 proved: [^]*^NOT captured: IPv6 neighbour discovery/m,
  },
  { example: 'weir-init remove --netns /run/netns/web', says: /^removed: / },
];

let lab: Lab;
before(async () => {
  const addresses = originAddresses('other.test');
  lab = await makeLab({ pods: ['web', 'job', 'egress'], names: { 'api.example': addresses } });
  symlinkSync(lab.config, `${lab.folder}/policy`);
  const host = 'api.example';
  const ports = [
    [80, 'HTTP'],
    [443, 'TLS'],
  ] as const;
  const gateway = (name: string, istio: string): string =>
    istioResource('Gateway', name, {
      selector: { istio },
      servers: [{ port: { number: 80, name: 'http', protocol: 'HTTP' }, hosts: [host] }],
    });
  const route = [{ destination: { host, port: { number: 80 } } }];
  lab.writeConfig({
    'entry.yaml': serviceEntry({ hosts: [host], ports }),
    'pods.yaml': [
      podResource('shop/web-0', {}, [lab.pod('web').v4]),
      podResource('batch/job-0', {}, [lab.pod('job').v4]),
      podResource('istio-system/egress-0', { istio: 'egressgateway' }, [lab.pod('egress').v4]),
    ].join('---\n'),
    'gateways.yaml': `${gateway('egress', 'egressgateway')}---\n${gateway('edge', 'ingressgateway')}`,
    'routes.yaml': istioResource('VirtualService', 'api', {
      hosts: [host],
      gateways: ['egress', 'edge'],
      http: [{ route }],
    }),
  });
});
after(() => lab.close());

async function callFrom(place: string, ...args: readonly string[]): Promise<void> {
  const call = await lab.curl(place, '-sS', '-o', '/dev/null', '-w', '%{http_code}', ...args);
  assert.deepEqual([call.code, call.stdout], [0, '200'], outcomeText(call));
}

test('every example of every help text has a row here', async () => {
  const examples = [...(await everyHelp()).values()].flatMap(examplesOf);
  assert.deepEqual(examples.toSorted(), ROWS.map(({ example }) => example).toSorted());
});

for (const row of ROWS) {
  test(row.example, () => (row.meanwhile ? goesOn(row, row.meanwhile) : ends(row)));
}

async function ends({ example, at = 'node', code = 0, says }: Row): Promise<void> {
  const outcome = await lab.exec(at, ['sh', '-c', inLab(example)], typedHere());
  assert.equal(outcome.code, code, outcomeText(outcome));
  assert.match(outcome.stdout + outcome.stderr, says);
}

async function goesOn({ example, at = 'node', code = 0, says }: Row, meanwhile: () => Promise<void>): Promise<void> {
  const program = lab.spawn(at, ['sh', '-c', `exec ${inLab(example)}`], typedHere());
  const told = () => program.stdout() + program.stderr();
  const ready = ['curl', '-sf', 'http://127.0.0.1:15021/healthz/ready'];
  await waitFor('it is ready', async () => (await lab.exec(at, ready)).code === 0, { limitMs: 30_000, told });
  try {
    await meanwhile();
    await waitFor('what it says', () => says.test(told()), { told });
  } finally {
    program.kill('SIGTERM');
  }
  assert.equal(await program.ended, code, told());
}

/** The programs are found by their names, `policy/` lies here. */
function typedHere(): { readonly cwd: string; readonly env: Readonly<Record<string, string>> } {
  return { cwd: lab.folder, env: { PATH: `${ROOT}scripts:${process.env['PATH']}` } };
}

function inLab(example: string): string {
  return example
    .replaceAll(/\/run\/netns\/(\w+)/g, (_, pod: string) => `/run/netns/${lab.netns(pod)}`)
    .replaceAll(' 10.0.0.0/8', ` ${CLUSTER_CIDR}`)
    .replaceAll('192.168.7.0/24', `${lab.pod('egress').node.v4}/32`);
}

test('docs/try-it.md, by hand: each block answers as the page tells', async () => {
  await using home = await temporaryFolder();
  const page = pageText('docs/try-it.md');
  const steps = stepsOf(page, ['By hand', 'Capture', 'Judge', 'Without the agent', 'Remove it']);
  assert.ok(steps.length > 8, 'the blocks were not found');
  for (const step of await typeAll(steps, { cwd: ROOT, home: home.path })) {
    const missing = missingFrom(step);
    assert.equal(missing, undefined, `docs/try-it.md:${step.line}:\n${step.typed}\n\nsays:\n${step.answer}`);
  }
});
