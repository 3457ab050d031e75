import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIp } from '../../../agent/model/address.ts';
import { type Parsed, parseOptions, type Surroundings } from '../../../init/options.ts';
import { cidrText } from '../../../init/rules/sets.ts';
import { optionsOf } from './options-fixture.ts';

const outside: Surroundings = { env: {}, nameservers: () => [], version: '9.8.7' };

test('the defaults are those of the command line as documented', async () => {
  const { plan, ...rest } = await optionsOf('apply');
  assert.deepEqual(rest, { command: 'apply', netns: undefined, backend: 'auto', json: false, planGiven: false });
  assert.deepEqual(plan, {
    scope: 'pod',
    mode: 'redirect',
    port: 15001,
    clusterCidrs: [],
    excludePorts: [],
    excludeCidrs: [],
    excludeUids: [],
    includePorts: [],
    includeCidrs: [],
    dnsServers: [],
    quic: 'reject',
    uncaptured: 'allow',
  });
});

test('lists are parsed, joined when given twice, and made unique', async () => {
  const { plan, planGiven } = await optionsOf(
    'status',
    '--exclude-ports',
    '22, 3306',
    '--exclude-ports=22',
    '--exclude-uids',
    '0,4294967294',
    '--cluster-cidr',
    '10.1.2.3/8,FD00::/8',
    '--dns-servers',
    '198.18.0.1,::ffff:198.18.0.1,2001:DB8::53',
  );
  assert.equal(planGiven, true);
  assert.deepEqual(plan.excludePorts, [22, 3306]);
  assert.deepEqual(plan.excludeUids, [0, 4_294_967_294]);
  assert.deepEqual(plan.clusterCidrs.map(cidrText), ['10.0.0.0/8', 'fd00::/8']);
  assert.deepEqual(plan.dnsServers, ['198.18.0.1', '2001:db8::53']);
});

const wrong = [
  { says: 'no command', argv: [], has: /exactly one command.*given: none/ },
  { says: 'two commands', argv: ['apply', 'remove'], has: /exactly one command.*given: apply remove/ },
  { says: 'an unknown command', argv: ['aply'], has: /exactly one command.*given: aply/ },
  { says: 'an unknown option', argv: ['apply', '--prot', '1'], has: /[Uu]nknown argument: prot/ },
  { says: 'port 0', argv: ['apply', '--port', '0'], has: /--port: '0' is not a port/ },
  { says: 'an option given twice', argv: ['apply', '--port', '1', '--port', '2'], has: /--port is given 2 times/ },
  { says: 'a port list with a hole', argv: ['apply', '--exclude-ports', '1,,2'], has: /--exclude-ports: '' is not/ },
  { says: 'a port too high', argv: ['apply', '--include-ports', '65536'], has: /--include-ports: '65536'/ },
  { says: 'a range with too many bits', argv: ['apply', '--cluster-cidr', '10.0.0.0/33'], has: /'10\.0\.0\.0\/33'/ },
  { says: 'a name for an address', argv: ['apply', '--dns-servers', 'ns.example'], has: /'ns\.example' is not an IP/ },
  { says: 'a user by name', argv: ['apply', '--exclude-uids', 'root'], has: /'root' is not a numeric user id/ },
  { says: 'the user id that means nobody', argv: ['apply', '--exclude-uids', '4294967295'], has: /'4294967295'/ },
  { says: 'an unknown word', argv: ['apply', '--quic', 'no'], has: /--quic: 'no' is none of allow, reject/ },
  { says: 'an empty namespace', argv: ['apply', '--netns='], has: /--netns: a path/ },
  { says: 'scope node', argv: ['apply', '--scope', 'node'], has: /--scope node is not available yet/ },
  { says: 'scope host', argv: ['print', '--scope', 'host'], has: /--scope host is not available yet/ },
  { says: 'mode tproxy', argv: ['apply', '--mode', 'tproxy'], has: /--mode tproxy is not available yet/ },
  { says: 'an unknown scope', argv: ['apply', '--scope', 'vm'], has: /--scope: 'vm' is none of host, node, pod/ },
];
for (const { says, argv, has } of wrong) {
  test(`refused: ${says}`, async () => {
    assert.match(problemsOf(await parseOptions(argv, outside)).join('\n'), has);
  });
}

test('all problems are told at once', async () => {
  const parsed = await parseOptions(['go', '--port', 'x', '--quic', 'y', '--exclude-uids', 'a,b', '--nope'], outside);
  assert.equal(problemsOf(parsed).length, 7, problemsOf(parsed).join('\n'));
});

test('the environment stands in for options that are not given, and only for these', async () => {
  const env = { WEIR_INIT_CLUSTER_CIDR: '10.0.0.0/8', WEIR_INIT_PORT: '16001', WEIR_INIT_JSON: 'true', PORT: '1' };
  const parsed = await parseOptions(['apply', '--port', '17001'], { ...outside, env });
  assert.ok(parsed.kind === 'options');
  assert.equal(parsed.options.plan.port, 17_001);
  assert.deepEqual(parsed.options.plan.clusterCidrs.map(cidrText), ['10.0.0.0/8']);
  assert.equal(parsed.options.json, true);
  assert.equal(parsed.options.planGiven, true);
});

test('without --dns-servers the namespace tells; an empty list is a list', async () => {
  const server = parseIp('198.18.0.53');
  assert.ok(server);
  const asked: (string | undefined)[] = [];
  const nameservers = (netns: string | undefined) => {
    asked.push(netns);
    return [server];
  };
  const told = await parseOptions(['apply', '--netns', '/run/netns/a'], { ...outside, nameservers });
  assert.ok(told.kind === 'options');
  assert.deepEqual(told.options.plan.dnsServers, ['198.18.0.53']);
  const none = await parseOptions(['apply', '--dns-servers='], { ...outside, nameservers });
  assert.ok(none.kind === 'options');
  assert.deepEqual(none.options.plan.dnsServers, []);
  assert.deepEqual(asked, ['/run/netns/a']);
});

test('--version has version and commit, --help every option and examples', async () => {
  const version = await parseOptions(['--version'], { ...outside, env: { WEIR_COMMIT: 'abc123' } });
  assert.deepEqual(version, { kind: 'print', text: 'weir-init 9.8.7 (commit abc123)' });
  const unknown = await parseOptions(['--version'], outside);
  assert.deepEqual(unknown, { kind: 'print', text: 'weir-init 9.8.7 (commit unknown)' });
  const help = await parseOptions(['apply', '--help'], outside);
  assert.ok(help.kind === 'print');
  for (const word of ['--cluster-cidr', '--uncaptured', 'weir-init apply --netns', '126', 'WEIR_INIT_CLUSTER_CIDR']) {
    assert.ok(help.text.includes(word), word);
  }
});

function problemsOf(parsed: Parsed): readonly string[] {
  assert.ok(parsed.kind === 'problems', JSON.stringify(parsed));
  return parsed.problems;
}
