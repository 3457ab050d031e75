/** A new registry and the connections that live: those that it no longer admits end, each in its way; no other is touched. */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { telling } from '../support/clients/captured-pod.ts';
import type { Keeper } from '../support/clients/keep-open.ts';
import type { KeptEnd } from '../support/clients/keeper.ts';
import { type Kind, keep, policyWorld, RESOURCES } from '../support/clients/kept-connections.ts';
import type { Captured } from '../support/lab/captured.ts';
import { serviceEntry } from '../support/lab/captured.ts';
import { waitFor } from '../support/lab/wait.ts';

type File = keyof typeof RESOURCES;

const RESET_TUNNELS = ['silent tunnel', 'tunnel of TLS', 'tunnel of an upgrade'] as const;

const PROMISED_MS = 1_000;

for (const { lease, reloads } of [
  { lease: 'on', reloads: 100 },
  { lease: 'off', reloads: 25 },
] as const) {
  describe(`leases ${lease}`, () => {
    let world: Captured;
    let keeper: Keeper | undefined;
    before(async () => {
      world = await policyWorld(lease);
    });
    after(() => world.lab.close());
    afterEach(async () => {
      await keeper?.stop();
      await inForce(RESOURCES);
    });
    const wire = (says: string, body: () => Promise<void>): void =>
      void test(
        says,
        telling(() => world, body),
      );

    /** Puts these files in force; answers when they were written, in milliseconds since 1970. */
    async function inForce(files: Readonly<Record<string, string | null>>): Promise<number> {
      const { lab, agent } = world;
      const registries = (): number => agent.stderr().match(/"registry \d+:/g)?.length ?? 0;
      const before = registries();
      lab.writeConfig({ ...files, 'never-the-same.yaml': unheardOf(before) });
      const at = Date.now();
      await waitFor('a newer registry', () => registries() > before, { told: agent.stderr });
      return at;
    }

    function revoked(files: readonly File[]): Promise<number> {
      return inForce(Object.fromEntries(files.map((name) => [name, null])));
    }

    /** How each of these kinds ended, within the promised time. */
    async function ends(kinds: readonly Kind[], since: number): Promise<ReadonlyMap<string, KeptEnd>> {
      const ended = (): readonly KeptEnd[] => keeper?.state().ended ?? [];
      const told = (): string => JSON.stringify(keeper?.state());
      const all = await waitFor(
        `${kinds.join(', ')} have ended`,
        () => kinds.every((kind) => ended().some((each) => each.kind === kind)) && ended(),
        { told, limitMs: 3_000 },
      );
      for (const { kind, at } of all) {
        if (kinds.some((each) => each === kind)) assert.ok(at - since < PROMISED_MS, `${kind}: after ${at - since} ms`);
      }
      return new Map(all.map((each) => [each.kind, each]));
    }

    /** Exactly one line of this connection says that policy changed, and nothing else is wrong with any. */
    async function toldOnce({ kind, local }: KeptEnd): Promise<Readonly<Record<string, unknown>>> {
      const mine = () => world.lab.accessLines().filter((line) => line['downstream_remote_address'] === local);
      const changed = () => mine().filter((line) => line['reason'] === 'policy-changed');
      await waitFor(`the line of ${kind}`, () => changed().length > 0, { told: () => JSON.stringify(mine()) });
      const [line, ...others] = changed();
      assert.deepEqual([others, line?.['verdict']], [[], 'deny'], kind);
      for (const each of mine()) {
        if (each !== line && each['reason'] !== 'policy-changed') assert.equal(each['reason'], 'granted', kind);
      }
      return line ?? assert.fail();
    }

    wire('nothing is listed any more: each ends as its protocol can', async () => {
      const reset = ['opaque', 'greeted', 'tls', 'upgraded', ...RESET_TUNNELS] as const;
      const orderly = ['idle', 'busy', 'tunnel of HTTP'] as const;
      keeper = await keep(world, countOne([...reset, ...orderly]));
      const ended = await ends([...reset, ...orderly], await revoked([...filesBut()]));
      for (const kind of reset) assert.equal(ended.get(kind)?.how, 'ECONNRESET', kind);
      for (const kind of orderly) assert.equal(ended.get(kind)?.how, 'fin', kind);
      const lines = new Map<string, Readonly<Record<string, unknown>>>();
      for (const [kind, each] of ended) if (kind !== 'busy') lines.set(kind, await toldOnce(each));
      assert.equal(lines.get('tls')?.['requested_server_name'], 'aliyun.com');
      assert.equal(lines.get('tunnel of TLS')?.['requested_server_name'], 'aliyun.com');
      assert.deepEqual([lines.get('upgraded')?.['response_code'], lines.get('upgraded')?.['path']], [101, '/upgrade']);
      const idle = lines.get('idle');
      assert.deepEqual([idle?.['method'], idle?.['bytes_received'], idle?.['bytes_sent']], [null, 0, 0]);
      assert.deepEqual([lines.get('opaque')?.['bytes_received'], lines.get('opaque')?.['bytes_sent']], [6, 6]);
    });

    wire('what is listed still is not touched, and goes on', async () => {
      const stay = [
        'opaque',
        'tls',
        'idle',
        'upgraded',
        'tunnel of TLS',
        'tunnel of HTTP',
        'tunnel of an upgrade',
      ] as const;
      keeper = await keep(world, countOne([...stay, 'other']));
      await ends(['other'], await revoked(['other.yaml']));
      await keeper.again(stay.length);
      assert.deepEqual(
        keeper.state().ended.map(({ kind }) => kind),
        ['other'],
      );
    });

    wire('an answer that is owed comes to its end first', async () => {
      const { lab } = world;
      keeper = await keep(world, { 'half answered': 1, unanswered: 1, idle: 1 });
      await keeper.again(1); // of the idle one; the other waits
      const asked = () => lab.origin('raw').flatMap(({ requests }) => requests.map(({ path }) => path));
      await waitFor('the origin is asked', () => asked().includes('/held/back'));
      await ends(['idle'], await revoked(['http.yaml']));
      assert.deepEqual(
        keeper.state().ended.map(({ kind }) => kind),
        ['idle'],
      );
      const released = Date.now();
      await lab.exec('ext', ['curl', '-sS', 'http://203.0.113.19:8000/release']);
      const ended = await ends(['half answered', 'unanswered'], released);
      for (const kind of ['half answered', 'unanswered'] as const) {
        const each = ended.get(kind) ?? assert.fail();
        assert.match(each.received, /^HTTP\/1\.1 200 OK\r\n.*\r\n\r\nhalfhalf$/s, kind);
        assert.equal(each.how, 'fin', kind);
        await toldOnce(each);
        const answered = lab.accessLines().filter((line) => line['downstream_remote_address'] === each.local);
        const held = answered.find((line) => String(line['path']).startsWith('/held'));
        assert.deepEqual([held?.['verdict'], held?.['response_code'], held?.['bytes_sent']], ['allow', 200, 8], kind);
      }
    });

    for (const [says, files] of [
      ['the target', ['target-tls.yaml', 'target-http.yaml']],
      ['the proxy', ['proxy.yaml']],
    ] as const satisfies readonly (readonly [string, readonly File[]])[]) {
      wire(`${says} of a tunnel is not listed any more: it ends`, async () => {
        const tunnels = [...RESET_TUNNELS, 'tunnel of HTTP'] as const;
        keeper = await keep(world, countOne([...tunnels, 'opaque']));
        const ended = await ends(tunnels, await revoked(files));
        for (const kind of RESET_TUNNELS) assert.equal(ended.get(kind)?.how, 'ECONNRESET', kind);
        assert.equal(ended.get('tunnel of HTTP')?.how, 'fin');
        for (const kind of tunnels) await toldOnce(ended.get(kind) ?? assert.fail());
        await keeper.again(1);
      });
    }

    wire(`1000 connections, ${reloads} registries that still admit them: not one ends, and all go on`, async () => {
      const counts = {
        opaque: 200,
        tls: 200,
        idle: 300,
        upgraded: 100,
        'tunnel of TLS': 40,
        'tunnel of HTTP': 30,
        'tunnel of an upgrade': 30,
        other: 100,
      };
      keeper = await keep(world, counts);
      const lines = world.lab.accessLines().length;
      for (let times = 0; times < reloads; times++) await inForce({});
      assert.deepEqual(keeper.state().ended, []);
      await keeper.again(1_000);
      assert.deepEqual(keeper.state().ended, []);
      const told = world.lab.accessLines().slice(lines);
      assert.deepEqual(
        told.filter((line) => line['reason'] !== 'granted'),
        [],
      );
    });
  });
}

function countOne(kinds: readonly Kind[]): Partial<Record<Kind, number>> {
  return Object.fromEntries(kinds.map((kind) => [kind, 1]));
}

function filesBut(): readonly File[] {
  return Object.keys(RESOURCES) as File[]; // its own keys
}

/** A resource that concerns no connection of these tests, and is another each time. */
function unheardOf(number: number): string {
  return serviceEntry({ name: 'unheard-of', hosts: [`unheard-of-${number}.test`], ports: [[9, 'TLS']] });
}
