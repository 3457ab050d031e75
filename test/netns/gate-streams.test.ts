/** Much of everything through the gate: bytes, requests, and peers that are slow to take them. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createReadStream, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { noFlowLeft, tellingAnew } from '../support/clients/captured-pod.ts';
import { gateWorld, ONE } from '../support/clients/gate-world.ts';
import type { ManyTold } from '../support/clients/many-requests.ts';
import type { Captured } from '../support/lab/captured.ts';
import { outcomeText } from '../support/lab/run.ts';
import { waitFor } from '../support/lab/wait.ts';
import { pattern } from '../support/origins/raw-http.ts';

const CLIENT = fileURLToPath(new URL('../support/clients/many-requests.ts', import.meta.url));
const GIGABYTE = 1_000_000_000;
const SLOW_BYTES = 40_000_000;
const MOST_GROWN_KB = 64 * 1024;
/** Chunks pass through JavaScript in pieces; their garbage is collected as Node sees fit, at 40 MB or at 80. */
const MOST_GROWN_IN_CHUNKS_KB = 128 * 1024;

let world: Captured;
before(async () => {
  world = await gateWorld();
});
after(() => world.lab.close());
const wire = (says: string, body: () => Promise<void>): void =>
  void test(
    says,
    tellingAnew(() => world, body),
  );

describe('a gigabyte', () => {
  wire('down, with equal hash, through little memory', async () => {
    const script = `curl -sS --max-time 120 http://one.test/bytes/${GIGABYTE} | sha256sum`;
    const grown = await grownDuring(async () => {
      const outcome = await world.lab.exec('pod', ['bash', '-o', 'pipefail', '-c', script], { limitMs: 150_000 });
      assert.equal(outcome.code, 0, outcomeText(outcome));
      assert.equal(outcome.stdout.split(' ')[0], digestOf(GIGABYTE));
    });
    assert.ok(grown < MOST_GROWN_KB, `${grown} kB`);
    const line = await world.lab.accessLine(({ path }) => path === `/bytes/${GIGABYTE}`);
    assert.equal(line['bytes_sent'], GIGABYTE);
  });

  for (const framing of ['by its length', 'in chunks'] as const) {
    wire(`up ${framing}, with equal hash, through little memory`, async () => {
      const file = `${world.lab.folder}/zeros`;
      writeFileSync(file, '');
      truncateSync(file, GIGABYTE);
      const fields = framing === 'in chunks' ? ['-H', 'Transfer-Encoding: chunked'] : [];
      const url = 'http://one.test/digest';
      const args = ['-sS', '--max-time', '120', '-H', 'Expect:', ...fields, '-T', file, url];
      const grown = await grownDuring(async () => {
        const outcome = await world.lab.exec('pod', ['curl', ...args], { limitMs: 150_000 });
        assert.equal(outcome.code, 0, outcomeText(outcome));
        const [digest = '', bytes] = outcome.stdout.trim().split(' ');
        if (framing === 'by its length') assert.deepEqual([digest, Number(bytes)], [zerosDigest(GIGABYTE), GIGABYTE]);
        else assert.ok(Number(bytes) > GIGABYTE, `${bytes} bytes with the framing`);
        const line = await world.lab.accessLine(
          (each) => each['path'] === '/digest' && each['bytes_received'] === Number(bytes),
        );
        assert.equal(line['response_code'], 200);
      });
      assert.ok(grown < (framing === 'in chunks' ? MOST_GROWN_IN_CHUNKS_KB : MOST_GROWN_KB), `${grown} kB`);
    });
  }
});

describe('a slow reader and a fast sender', () => {
  wire('a client that takes 15 MB in a second', async () => {
    const grown = await grownDuring(async () => {
      const limits = ['--limit-rate', '15M', '--max-time', '60', '-o', '/dev/null', '-w', '%{size_download}'];
      const outcome = await world.lab.exec('pod', ['curl', '-sS', ...limits, `http://one.test/bytes/${SLOW_BYTES}`]);
      assert.equal(outcome.stdout, String(SLOW_BYTES), outcomeText(outcome));
    });
    assert.ok(grown < MOST_GROWN_KB / 4, `${grown} kB`);
  });

  for (const framing of ['length', 'chunked'] as const) {
    wire(`an origin that takes as little (${framing})`, async () => {
      const file = `${world.lab.folder}/slow`;
      writeFileSync(file, Buffer.concat([...pattern(SLOW_BYTES)]));
      const fields = framing === 'chunked' ? ['-H', 'Transfer-Encoding: chunked'] : [];
      const grown = await grownDuring(async () => {
        const args = ['-sS', '--max-time', '60', '-H', 'Expect:', ...fields, '-T', file, 'http://one.test/slowly'];
        const outcome = await world.lab.exec('pod', ['curl', ...args]);
        assert.equal(outcome.code, 0, outcomeText(outcome));
        const [digest = '', bytes] = outcome.stdout.trim().split(' ');
        if (framing === 'length') assert.deepEqual([digest, Number(bytes)], [digestOf(SLOW_BYTES), SLOW_BYTES]);
        else assert.ok(Number(bytes) > SLOW_BYTES);
      });
      assert.ok(grown < MOST_GROWN_KB / 4, `${grown} kB`);
    });
  }
});

describe('100 000 requests on one connection', () => {
  for (const [ahead, count] of [
    [1, 20_000],
    [8, 100_000],
  ] as const) {
    wire(`${count}, ${ahead} under way: each has its answer and its line, the origin saw each once`, async () => {
      writeFileSync(world.lab.accessLog, '');
      const leasedBefore = await leasedRequests();
      const argv = [process.execPath, CLIENT, ONE[0], '80', 'one.test', `${count}`, `${ahead}`];
      const outcome = await world.lab.exec('pod', argv, { limitMs: 120_000 });
      assert.equal(outcome.code, 0, outcomeText(outcome));
      const told = JSON.parse(outcome.stdout) as ManyTold; // printed by many-requests.ts alone
      assert.deepEqual(told, { answered: count, wrong: null, end: 'fin' });
      const connections = world.lab.origin('one');
      assert.deepEqual(
        connections.map(({ requests }) => requests.length),
        [count],
      );
      await waitFor('the last line', () => lastLine(world.lab.accessLog).includes(`"/echo/${count - 1}"`));
      let next = 0;
      for await (const line of createInterface({ input: createReadStream(world.lab.accessLog) })) {
        const { path, response_code: status, bytes_sent: sent } = JSON.parse(line) as Record<string, unknown>;
        if (!String(path).startsWith('/echo/')) continue; // the line of an earlier test, written late
        assert.deepEqual([path, status, sent], [`/echo/${next}`, 200, `/echo/${next}`.length]);
        next++;
      }
      assert.equal(next, count);
      const leased = (await leasedRequests()) - leasedBefore;
      assert.ok(leased > count * 0.9 && leased < count, `${leased} of ${count} passed under a lease`);
    });
  }
});

wire('no flow is left', () => noFlowLeft(world.lab));

/** How many requests have passed under a lease, as the agent's metrics tell it. */
async function leasedRequests(): Promise<number> {
  const metrics = await world.lab.exec('node', ['curl', '-sS', 'http://127.0.0.1:15020/metrics']);
  return Number(/^weir_requests_leased_total (\d+)/m.exec(metrics.stdout)?.[1]);
}

/** kB by which the agent's peak of memory in use has grown meanwhile. */
async function grownDuring(body: () => Promise<void>): Promise<number> {
  const process = `/proc/${world.agent.pid}`;
  const peak = (): number => Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`${process}/status`, 'utf8'))?.[1]);
  writeFileSync(`${process}/clear_refs`, '5'); // proc(5): the peak begins anew at what is used now
  const before = peak();
  await body();
  return peak() - before;
}

function digestOf(bytes: number): string {
  const digest = createHash('sha256');
  for (const block of pattern(bytes)) digest.update(block);
  return digest.digest('hex');
}

function zerosDigest(bytes: number): string {
  const digest = createHash('sha256');
  const block = Buffer.alloc(1_000_000);
  for (let at = 0; at < bytes; at += block.length) digest.update(block);
  return digest.digest('hex');
}

function lastLine(path: string): string {
  const text = readFileSync(path, 'latin1');
  return text.slice(text.lastIndexOf('\n', text.length - 2) + 1);
}
