/** HTTP/1 through the running agent: exactly the judged request leaves, whole; exactly its answer comes back. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { noFlowLeft, talk, talkAll, telling } from '../support/clients/captured-pod.ts';
import { ask, get, HTTP_PORT, head, RAW_ADDRESSES, rawWorld, timed } from '../support/clients/raw-origin.ts';
import type { AccessLine } from '../support/lab/agent.ts';
import type { Captured } from '../support/lab/captured.ts';
import { outcomeText } from '../support/lab/run.ts';
import { waitFor } from '../support/lab/wait.ts';
import { ANSWERS, pattern } from '../support/origins/raw-http.ts';

let world: Captured;
before(async () => {
  world = await rawWorld();
});
after(() => world.lab.close());
const wire = (says: string, body: () => Promise<void>): void =>
  void test(
    says,
    telling(() => world, body),
  );

/** Whether the origin ends the connection with its answer. */
const ENDING = ['/close', '/old'];

describe('answers come back byte for byte but for the time, and the connection lives on', { concurrency: 4 }, () => {
  for (const path of ['/length', '/chunked', '/204', '/304', '/hints']) {
    for (const host of RAW_ADDRESSES) {
      wire(`GET ${path}, then another (${host})`, async () => {
        const [first, last] = [answerOf(path), answerOf('/length')];
        const told = await talk(world.lab, {
          host,
          port: HTTP_PORT,
          steps: [
            { send: get(path) },
            { expect: `^${timed(first)}$` },
            { send: get('/length', 'Connection: close') },
            { until: 'end' },
          ],
        });
        assert.match(told.received, new RegExp(`^${timed(first, last)}$`));
        assert.deepEqual([told.end, told.stuckAt], ['fin', null]);
        const lines = await told.lines(2);
        const status = Number(/(?<=^|\r\n)HTTP\/1\.\d ([2-9]\d\d)/.exec(first)?.[1]);
        assert.deepEqual(lines.map(summary), [
          [path, status, 'allow', '-'],
          ['/length', 200, 'allow', '-'],
        ]);
        for (const line of lines) assert.match(String(line['upstream_service_time']), /^\d+$/);
      });
    }
  }

  for (const path of ENDING) {
    for (const host of RAW_ADDRESSES) {
      wire(`GET ${path}: the end is passed on (${host})`, async () => {
        const told = await ask(world, get(path), { host });
        assert.match(told.received, new RegExp(`^${timed(answerOf(path))}$`));
        assert.equal(told.end, 'fin');
        assert.deepEqual((await told.lines(1)).map(summary), [[path, 200, 'allow', '-']]);
      });
    }
  }

  wire('two connections are one to their origin each, however many requests they carry', async () => {
    const steps = [
      { send: get('/length?1') },
      { expect: ' 404 .*\r\n\r\n$' },
      { send: get('/length?2') },
      { expect: ' 404 .* 404 .*\r\n\r\n$' },
      { send: get('/length?3', 'Connection: close') },
      { until: 'end' },
    ] as const;
    const all = await talkAll(
      world.lab,
      RAW_ADDRESSES.map((host) => ({ host, port: HTTP_PORT, steps })),
    );
    for (const told of all) assert.deepEqual([told.end, (await told.lines(3)).length], ['fin', 3]);
    const paths = ['/length?1', '/length?2', '/length?3'];
    const seen = world.lab.origin('raw').map(({ requests }) => requests.map(({ path }) => path));
    assert.deepEqual(
      seen.filter((each) => each.some((path) => paths.includes(path))),
      [paths, paths],
    );
  });

  wire('a client that has ended its side after the request still gets the answer', async () => {
    for (const path of ['/length', '/chunked', '/close']) {
      const steps = [{ send: get(path) }, { half: 'close' }, { until: 'end' }] as const;
      const told = await talk(world.lab, { host: RAW_ADDRESSES[0], port: HTTP_PORT, steps });
      assert.match(told.received, new RegExp(`^${timed(answerOf(path))}$`), path);
      assert.equal(told.end, 'fin');
      assert.equal((await told.line())['response_flags'], '-');
    }
  });

  wire('HEAD: the head alone, though it tells a length', async () => {
    const told = await ask(world, head('HEAD', '/length', 'Connection: close'));
    const wanted = 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\nX-Case: Kept\r\n\r\n';
    assert.match(told.received, new RegExp(`^${timed(wanted)}$`));
    assert.equal(told.end, 'fin');
  });

  wire('curl is content: exit 0, the whole body', async () => {
    for (const path of ['/length', '/chunked', '/close', '/hints']) {
      const outcome = await world.lab.curl('pod', '-sS', `http://raw.test:${HTTP_PORT}${path}`);
      assert.equal(outcome.code, 0, outcomeText(outcome));
      assert.equal(
        outcome.stdout,
        { '/length': 'length', '/chunked': 'chunked', '/close': 'up to the end', '/hints': 'ok' }[path],
      );
    }
  });
});

function answerOf(path: string): string {
  return ANSWERS[path] ?? assert.fail(`the origin has no answer to ${path}`);
}

function summary(line: AccessLine): readonly unknown[] {
  return [line['path'], line['response_code'], line['verdict'], line['response_flags']];
}

describe('answers that can be read in two ways, or are none', () => {
  for (const path of ['/both', '/lengths']) {
    wire(`GET ${path}: 502 bad-answer, and not one byte of theirs`, async () => {
      const told = await ask(world, get(path));
      assert.match(told.received, /^HTTP\/1\.1 502 Bad Gateway\r\nserver: weir\r\n.*x-weir-reason: bad-answer\r\n/s);
      assert.doesNotMatch(told.received, /length$|^no$/m);
      assert.equal(told.received.match(/HTTP\/1/g)?.length, 1);
      assert.equal(told.end, 'fin');
      const line = await told.line();
      assert.deepEqual([line['reason'], line['response_flags'], line['response_code']], ['bad-answer', 'UPE', 502]);
    });
  }

  for (const path of ['/cut', '/cut-chunks'])
    wire(`an answer cut short ends as short, not as whole: GET ${path}`, async () => {
      const told = await ask(world, get(path));
      assert.match(told.received, new RegExp(`^${timed(answerOf(path))}$`));
      assert.equal(told.end, 'fin');
      const line = await told.line();
      assert.deepEqual(
        [line['response_code'], line['bytes_sent'], line['response_flags']],
        [200, path === '/cut' ? 5 : 9, 'UC'],
      );
      const outcome = await world.lab.curl('pod', '-sS', `http://raw.test:${HTTP_PORT}${path}`);
      assert.equal(outcome.code, 18, outcomeText(outcome));
    });
});

describe('request bodies arrive byte for byte', { concurrency: 4 }, () => {
  const bodies = [
    { says: 'with length', fields: ['Content-Length: 12'], body: 'hello\r\n\0\xffyou' },
    {
      says: 'chunked',
      fields: ['Transfer-Encoding: chunked'],
      body: '5\r\nhello\r\n6;a=b\r\n you \n\r\n0\r\nX-T: 1\r\n\r\n',
    },
  ];
  for (const { says, fields, body } of bodies) {
    for (const pieces of [undefined, 1]) {
      wire(`POST ${says}${pieces === undefined ? '' : ', in segments of one byte'}`, async () => {
        const steps = [
          { send: head('POST', '/mirror', 'Connection: close', ...fields) },
          { send: body, ...(pieces && { pieces }) },
          { until: 'end' },
        ] as const;
        const told = await talk(world.lab, { host: RAW_ADDRESSES[1], port: HTTP_PORT, steps });
        const wanted = `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
        assert.match(told.received, new RegExp(`^${timed(wanted)}$`));
        assert.equal(told.end, 'fin');
        assert.equal((await told.line())['bytes_received'], body.length);
      });
    }
  }

  wire('Expect: 100-continue: the body follows the interim answer', async () => {
    const told = await talk(world.lab, {
      host: RAW_ADDRESSES[0],
      port: HTTP_PORT,
      steps: [
        { send: head('POST', '/mirror', 'Connection: close', 'Content-Length: 4', 'Expect: 100-continue') },
        { expect: '^HTTP/1\\.1 100 Continue\r\n\r\n$' },
        { send: 'body' },
        { until: 'end' },
      ],
    });
    const wanted = 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody';
    assert.match(told.received, new RegExp(`^${timed(wanted)}$`));
    assert.equal(told.end, 'fin');
  });

  for (const way of ['chunked', 'length'] as const) {
    wire(`50 MB up, ${way}, with equal hash`, async () => {
      const file = `${world.lab.folder}/up-${way}`;
      writeFileSync(file, Buffer.concat([...pattern(LARGE_BYTES)]));
      const sent = way === 'chunked' ? ['-H', 'Transfer-Encoding: chunked'] : [];
      const outcome = await world.lab.curl(
        'pod',
        '-sS',
        '-H',
        'Expect:',
        ...sent,
        '-T',
        file,
        `http://raw.test:${HTTP_PORT}/digest`,
      );
      assert.equal(outcome.code, 0, outcomeText(outcome));
      const [digest = '', bytes] = outcome.stdout.trim().split(' ');
      if (way === 'length') assert.deepEqual([digest, Number(bytes)], [largeDigest(), LARGE_BYTES]);
      else assert.ok(Number(bytes) > LARGE_BYTES, `${bytes} bytes with the framing`);
    });
  }
});

const LARGE_BYTES = 50_000_000;

function largeDigest(): string {
  const digest = createHash('sha256');
  for (const block of pattern(LARGE_BYTES)) digest.update(block);
  return digest.digest('hex');
}

describe('large answers', () => {
  for (const family of ['-4', '-6']) {
    wire(`50 MB down with equal hash (${family})`, async () => {
      const script = `curl -sS ${family} --max-time 30 http://raw.test:${HTTP_PORT}/bytes/${LARGE_BYTES} | sha256sum`;
      const outcome = await world.lab.exec('pod', ['bash', '-o', 'pipefail', '-c', script]);
      assert.equal(outcome.code, 0, outcomeText(outcome));
      assert.equal(outcome.stdout.split(' ')[0], largeDigest());
    });
  }

  wire('a slow reader of a fast origin costs the agent no memory', async () => {
    const status = `/proc/${world.agent.pid}`;
    const peak = (): number => Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`${status}/status`, 'utf8'))?.[1]);
    writeFileSync(`${status}/clear_refs`, '5'); // proc(5): the peak begins anew at what is used now
    const before = peak();
    const url = `http://raw.test:${HTTP_PORT}/bytes/${LARGE_BYTES}`;
    const outcome = await world.lab.curl(
      'pod',
      '-sS',
      '--limit-rate',
      '15M',
      '-o',
      '/dev/null',
      '-w',
      '%{size_download}',
      url,
    );
    assert.equal(outcome.stdout, String(LARGE_BYTES), outcomeText(outcome));
    const grown = peak() - before;
    assert.ok(grown < 12_000, `${grown} kB more than the ${before} kB before, for ${LARGE_BYTES / 1000} kB`);
  });
});

wire('websocket: after 101 bytes pass both ways until both have ended', async () => {
  const told = await talk(world.lab, {
    host: RAW_ADDRESSES[0],
    port: HTTP_PORT,
    steps: [
      { send: get('/upgrade', 'Connection: Upgrade', 'Upgrade: websocket') },
      { expect: '^HTTP/1\\.1 101 .*\r\n\r\n$' },
      { send: '\x81\x02hi' },
      { expect: '\x81\x02hi$' },
      { send: '\x88\x00' },
      { expect: '\x88\x00$' },
      { half: 'close' },
      { until: 'end' },
    ],
  });
  assert.match(told.received, new RegExp(`^${timed(answerOf('/upgrade'))}\x81\x02hi\x88\x00$`));
  assert.equal(told.end, 'fin');
  const line = await told.line();
  assert.deepEqual([line['response_code'], line['bytes_received'], line['bytes_sent']], [101, 6, 6]);
});

test('origins saw every connection end in order', async () => {
  const ends = await waitFor(
    'the ends',
    () => {
      const seen = world.lab.origin('raw');
      return seen.every(({ end }) => end !== 'open') && seen.map(({ end }) => end);
    },
    {
      told: () =>
        JSON.stringify(
          world.lab.seen().filter(({ end }) => end === 'open'),
          null,
          1,
        ),
    },
  );
  assert.ok(ends.length > 20);
});

wire('no flow is left', () => noFlowLeft(world.lab));
