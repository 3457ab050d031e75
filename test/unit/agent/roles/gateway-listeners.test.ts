import { deepEqual, equal } from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { Mover } from '../../../../agent/model/mover.ts';
import type { Port } from '../../../../agent/model/port.ts';
import type { Registry } from '../../../../agent/registry/compile.ts';
import { listenForServers } from '../../../../agent/roles/gateway-listeners.ts';
import type { Listening } from '../../../../agent/roles/role.ts';
import { LOOPBACK } from '../../../support/mover-log.ts';
import { until } from '../../../support/until.ts';
import { registryOf } from '../registry/builders.ts';
import { Conversations, deadEnd } from '../relay/conversations.ts';

/** A gateway's listeners for these ports, and what the operator was told. */
class Gateway {
  readonly told: string[] = [];
  readonly listening: Listening;
  readonly mover: Mover;
  #wanted: readonly Port[];

  constructor(t: TestContext, wanted: readonly Port[]) {
    this.#wanted = wanted;
    const stop = new AbortController();
    t.after(() => stop.abort());
    this.mover = new Conversations(t).mover;
    const tell = (level: string) => (message: unknown) => void this.told.push(`${level}: ${String(message)}`);
    this.listening = listenForServers({
      mover: this.mover,
      diagnostics: { info: tell('info'), warn: tell('warn') },
      registry: () => registryFor(this.#wanted),
      stop: stop.signal,
    });
  }

  want(...ports: readonly Port[]): void {
    this.#wanted = ports;
    this.listening.follow();
  }

  get sockets(): number {
    return [...this.listening.ids()].length;
  }
}

function registryFor(ports: readonly Port[]): Registry {
  const listeners = ports.map(
    (serverPort) => [serverPort, { serverPort, http: undefined, tls: undefined, tcp: [] }] as const,
  );
  return { ...registryOf([]), listeners: new Map(listeners) };
}

async function answers(port: Port, family: 4 | 6): Promise<boolean> {
  const client = connect(port, LOOPBACK[family]);
  const error = await once(client, 'connect').then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  client.destroy();
  return error === undefined;
}

async function both(port: Port): Promise<readonly boolean[]> {
  return [await answers(port, 4), await answers(port, 6)];
}

async function freePort(t: TestContext): Promise<Port> {
  return (await deadEnd(t)).port;
}

test('the ports that the registry asks for, over both families, as they come and go', async (t) => {
  const [one, two] = [await freePort(t), await freePort(t)];
  const gateway = new Gateway(t, [one]);
  deepEqual([await both(one), await both(two), gateway.sockets], [[true, true], [false, false], 2]);
  gateway.want(one, two);
  deepEqual([await both(one), await both(two), gateway.sockets], [[true, true], [true, true], 4]);
  gateway.want(two);
  deepEqual([await both(one), await both(two), gateway.sockets], [[false, false], [true, true], 2]);
  gateway.want(two);
  gateway.want(one, two);
  deepEqual(await both(one), [true, true], 'asked for again');
  deepEqual(gateway.told, [
    `info: listening on port ${one}`,
    `info: listening on port ${two}`,
    `info: no Gateway asks for port ${one} any longer`,
    `info: listening on port ${one}`,
  ]);
});

test('what lives on a port that goes is not touched', async (t) => {
  const port = await freePort(t);
  const gateway = new Gateway(t, [port]);
  const client = connect(port, LOOPBACK[4]);
  await once(client, 'connect');
  await until(() => gateway.mover.stats().flows === 1);
  gateway.want();
  deepEqual(await both(port), [false, false]);
  deepEqual([gateway.mover.stats().flows, client.destroyed], [1, false]);
  client.destroy();
});

test('a port that is taken is told once, asked for again, and had once it is free', async (t) => {
  const port = await freePort(t);
  const server = await taking(port);
  const gateway = new Gateway(t, [port]);
  const busy = `warn: port ${port} cannot be had (IPv4 EADDRINUSE); it is asked for again`;
  deepEqual(gateway.told, [`info: listening on port ${port}`, busy], 'the other family is had meanwhile');
  equal(gateway.sockets, 1);
  gateway.listening.follow();
  const closed = once(server, 'close');
  server.close();
  await closed;
  await until(() => gateway.sockets === 2);
  deepEqual(gateway.told, [`info: listening on port ${port}`, busy, `info: listening on port ${port}`]);
});

test('a port that is taken and not wanted any longer is not asked for', async (t) => {
  const port = await freePort(t);
  const server = await taking(port);
  const gateway = new Gateway(t, [port]);
  gateway.want();
  equal(gateway.sockets, 0);
  const closed = once(server, 'close');
  server.close();
  await closed;
  gateway.listening.follow();
  deepEqual([await both(port), gateway.sockets], [[false, false], 0]);
});

async function taking(port: Port): Promise<Server> {
  const server = createServer();
  server.listen(port, LOOPBACK[4]);
  await once(server, 'listening');
  return server;
}
