import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Lab, makeLab } from '../support/lab/lab.ts';
import { outcomeText, run, start } from '../support/lab/run.ts';
import { labFolder, namespacesOf } from '../support/lab/teardown.ts';
import { NODE } from '../support/lab/topology.ts';
import { waitFor } from '../support/lab/wait.ts';

let lab: Lab;
before(async () => {
  lab = await makeLab({ pods: ['pod', 'other'], names: { 'loop.test': ['127.0.0.1', '::1'] } });
});
after(() => lab.close());

const answers = [
  {
    says: 'aliyun.com redirects with 239 bytes',
    args: ['-sSi', 'http://aliyun.com'],
    has: /^HTTP\/1\.1 301 .*content-length: 239\r\n.*<title>301/s,
  },
  {
    says: 'httpbin has a teapot',
    args: ['-sSi', 'http://httpbin.org/status/418'],
    has: /^HTTP\/1\.1 418 .*gunicorn\/19\.9\.0.*content-length: 135\r\n.*-=\[ teapot \]=-/s,
  },
  { says: 'httpbin tells a POST', args: ['-sS', '-d', 'a=b', 'http://www.httpbin.org/post'], has: /"data": "a=b"/ },
  { says: 'CNN has its title over TLS', args: ['-sS', 'https://edition.cnn.com'], has: /<title>CNN International/ },
  {
    says: 'E4 tells name, host and port',
    args: ['-sSI', 'https://www.aliyun.com/product/aliware/mse'],
    has: /x-seen-host: www\.aliyun\.com\r\nx-seen-sni: www\.aliyun\.com\r\nx-seen-port: 443/,
  },
  {
    says: 'openservicemesh.io speaks HTTP/2',
    args: ['-sSI', 'https://openservicemesh.io'],
    has: /^HTTP\/2 200 .*server: Netlify/s,
  },
  {
    says: 'github.com redirects to TLS, which answers',
    args: ['-sSIL', 'http://github.com/x'],
    has: /^HTTP\/1\.1 301 .*HTTP\/2 200 /s,
  },
] as const;

for (const family of ['-4', '-6']) {
  for (const { says, args, has } of answers) {
    test(`${says} (${family})`, async () => {
      const outcome = await lab.curl('pod', family, ...args);
      assert.equal(outcome.code, 0, outcomeText(outcome));
      assert.match(outcome.stdout, has);
    });
  }
}

test('a name that is no fixture does not exist', async () => {
  const outcome = await lab.curl('pod', '-sS', 'http://nobody.example');
  assert.equal(outcome.code, 6, outcomeText(outcome));
  assert.ok(lab.dnsQueries().includes('A nobody.example'));
});

test('names can be added before and while the lab runs', async () => {
  assert.match((await lab.exec('node', ['getent', 'ahosts', 'loop.test'])).stdout, /127\.0\.0\.1 +STREAM/);
  await lab.setNames({ 'late.test': ['203.0.113.18'] });
  assert.match((await lab.exec('pod', ['getent', 'ahosts', 'late.test'])).stdout, /^203\.0\.113\.18 +STREAM/);
});

test('an origin records who came, what was asked and how it ended', async () => {
  lab.forget();
  await lab.curl('other', '-sS', '-4', 'https://other.test/x?y');
  const seen = await waitFor('the end of the connection', () => {
    const [connection] = lab.origin('other.test');
    return connection?.end !== 'open' && connection;
  });
  assert.equal(seen.peer.split(':')[0], lab.pod('other').v4);
  assert.equal(seen.local, '203.0.113.19:443');
  assert.equal(seen.sni, 'other.test');
  assert.deepEqual(
    seen.requests.map(({ method, path, authority, version }) => ({ method, path, authority, version })),
    [{ method: 'GET', path: '/x?y', authority: 'other.test', version: '2.0' }],
  );
  assert.ok(seen.received > 500 && seen.sent > 500, `${seen.received} received, ${seen.sent} sent`);
  assert.equal(lab.origin('E1').length, 0);
});

const dialogues = [
  {
    says: 'db.test speaks first, then echoes',
    to: 'db.test/3306',
    script: 'head -1 <&3; echo you >&3; head -1 <&3',
    out: 'HELLO\nyou\n',
  },
  { says: 'echo.test echoes', to: 'echo.test/8078', script: 'echo me >&3; head -1 <&3', out: 'me\n' },
] as const;

for (const { says, to, script, out } of dialogues) {
  test(says, async () => {
    const outcome = await lab.exec('pod', ['bash', '-c', `exec 3<>/dev/tcp/${to}; ${script}`]);
    assert.equal(outcome.stdout, out, outcomeText(outcome));
  });
}

test('half.test answers only after the client has ended', async () => {
  const client = `
    const socket = require('node:net').connect({ host: 'half.test', port: 7007, allowHalfOpen: true }, () => socket.end('12345'));
    socket.on('data', (bytes) => process.stdout.write(bytes));`;
  const outcome = await lab.exec('pod', [process.execPath, '-e', client]);
  assert.equal(outcome.stdout, 'got 5 bytes\n', outcomeText(outcome));
});

test('an orderly end is told as such, with its bytes', async () => {
  lab.forget();
  await lab.curl('pod', '-sS', 'http://other.test');
  const seen = await waitFor('the end', () => lab.origin('other.test').find(({ end }) => end !== 'open'));
  assert.equal(seen.end, 'fin');
  assert.equal(seen.received, seen.firstBytes.length);
  assert.ok(seen.sent > 100);
});

test('a reset is told from an end', async () => {
  lab.forget();
  const client = `
    const socket = require('node:net').connect(9999, 'sink.test', () => socket.write('12345', () => socket.resetAndDestroy()));`;
  await lab.exec('pod', [process.execPath, '-e', client]);
  const seen = await waitFor('the reset', () => lab.origin('sink.test').find(({ end }) => end === 'reset'));
  assert.equal(seen.end, 'reset');
});

test('packets are counted where they pass, and only those', async () => {
  const toOther = await lab.packets('node', 'tcp[tcpflags] == tcp-syn and dst host 203.0.113.19', 'ext0');
  const toNobody = await lab.packets('node', 'tcp and dst host 203.0.113.200', 'ext0');
  await lab.curl('pod', '-sS4', 'http://other.test');
  assert.equal((await toOther.stop()).count, 1);
  assert.deepEqual(await toNobody.stop(), { count: 0, lines: [] });
});

test('the pod reaches the node by both of its outer addresses', async () => {
  await lab.addOrigins('node', [
    { key: 'node-port', names: [], addresses: [NODE.v4, NODE.v6], services: [{ port: 8001, kind: 'greeting' }] },
  ]);
  for (const ip of [NODE.v4, NODE.v6]) {
    const outcome = await lab.exec('pod', ['bash', '-c', `exec 3<>/dev/tcp/${ip}/8001; head -1 <&3`]);
    assert.equal(outcome.stdout, 'HELLO\n', outcomeText(outcome));
  }
});

test('listeners can stand anywhere, and record as well', async () => {
  lab.forget();
  await lab.addOrigins('node', [
    { key: 'on-node', names: [], addresses: ['127.0.0.1'], services: [{ port: 8000, kind: 'echo' }] },
  ]);
  await lab.exec('node', ['bash', '-c', 'exec 3<>/dev/tcp/127.0.0.1/8000; echo me >&3; head -1 <&3']);
  assert.deepEqual(
    lab.origin('on-node').map(({ firstBytes }) => firstBytes),
    ['me\n'],
  );
});

test('a command that fails tells its code and what it said', async () => {
  const outcome = await lab.exec('ext', ['sh', '-c', 'echo out; echo err >&2; exit 3']);
  assert.deepEqual([outcome.code, outcome.stdout, outcome.stderr], [3, 'out\n', 'err\n']);
  assert.equal((await lab.exec('ext', ['sleep', '60'], { limitMs: 100 })).code, 137);
  const outlived = await lab.exec('ext', ['sh', '-c', 'sleep 60 & exec sleep 60'], { limitMs: 100 });
  assert.equal(outlived.code, 137);
  assert.equal((await run(['/no/such/program'])).code, 127);
});

const LAB = fileURLToPath(new URL('../support/lab/lab.ts', import.meta.url));

for (const [ending, how] of [
  ['SIGTERM', "process.kill(process.pid, 'SIGTERM'); await new Promise(() => setInterval(() => {}, 1000))"],
  ['^C', "process.kill(process.pid, 'SIGINT'); await new Promise(() => setInterval(() => {}, 1000))"],
  ['an uncaught error', "throw new Error('ours')"],
] as const) {
  test(`nothing stays behind after ${ending}`, async () => {
    const program = `import { makeLab } from '${LAB}'; const lab = await makeLab(); console.log(lab.name); ${how};`;
    const outcome = await run([process.execPath, '--input-type=module', '-e', program]);
    const name = outcome.stdout.trim();
    assert.match(name, /^weir-\d+-1$/, outcomeText(outcome));
    assert.notEqual(outcome.code, 0);
    assert.deepEqual(namespacesOf(name), []);
    assert.ok(!existsSync(labFolder(name)) && !existsSync(`/etc/netns/${name}-pod`));
  });
}

test('the lab of a process that was killed goes away with the next start', async () => {
  const program = `import { makeLab } from '${LAB}'; const lab = await makeLab(); console.log(lab.name); setInterval(() => {}, 1000);`;
  const owner = start([process.execPath, '--input-type=module', '-e', program], `${lab.folder}/owner`);
  const name = await waitFor('the other lab', () => owner.stdout().includes('\n') && owner.stdout().trim());
  owner.kill('SIGKILL');
  await waitFor('its death', () => owner.code() !== undefined);
  assert.equal(namespacesOf(name).length, 3);
  const next = await makeLab();
  await next.close();
  assert.deepEqual(namespacesOf(name), []);
  assert.ok(!existsSync(labFolder(name)));
});
