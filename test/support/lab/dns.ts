import { readFileSync, writeFileSync } from 'node:fs';
import { type Running, start } from './run.ts';
import { DNS_SERVERS } from './topology.ts';
import { waitFor } from './wait.ts';

export type Dns = {
  /** Replaces every name's addresses; in force when it returns. */
  readonly setNames: (names: ReadonlyMap<string, readonly string[]>) => Promise<void>;
  /** `A aliyun.com`, `AAAA aliyun.com`, … in the order asked. */
  readonly queries: () => string[];
};

/**
 * dnsmasq in `netns`: exactly these names, NXDOMAIN for all others. Answers live for one second (`ttlSeconds`), so that
 * a change is seen soon.
 */
export async function startDns(
  netns: string,
  folder: string,
  names: ReadonlyMap<string, readonly string[]>,
  options: { readonly ttlSeconds?: number; readonly dnsmasq?: readonly string[] } = {},
): Promise<Dns> {
  const hosts = `${folder}/dns-hosts`;
  writeFileSync(hosts, hostsText(names));
  const argv = [
    ...`ip netns exec ${netns} dnsmasq ${DNSMASQ}`.split(' '),
    `--addn-hosts=${hosts}`,
    ...DNS_SERVERS.map((ip) => `--listen-address=${ip}`),
    `--local-ttl=${options.ttlSeconds ?? 1}`,
    ...(options.dnsmasq ?? []),
  ];
  const dnsmasq = start(argv, `${folder}/dnsmasq`);
  await waitUntilRead(dnsmasq, 1);
  let times = 1;
  return {
    setNames: async (next) => {
      writeFileSync(hosts, hostsText(next));
      dnsmasq.kill('SIGHUP');
      await waitUntilRead(dnsmasq, ++times);
    },
    queries: () =>
      [...readFileSync(`${folder}/dnsmasq.err`, 'utf8').matchAll(/query\[(\w+)\] (\S+)/g)].map(
        ([, t, n]) => `${t} ${n}`,
      ),
  };
}

async function waitUntilRead(dnsmasq: Running, times: number): Promise<void> {
  await waitFor(
    'dnsmasq reads its names',
    () => {
      if (dnsmasq.code() !== undefined) throw new Error(`dnsmasq ended: ${dnsmasq.stderr()}`);
      return (dnsmasq.stderr().match(/: read .*dns-hosts/g)?.length ?? 0) >= times;
    },
    { told: dnsmasq.stderr },
  );
}

function hostsText(names: ReadonlyMap<string, readonly string[]>): string {
  return [...names].flatMap(([name, addresses]) => addresses.map((ip) => `${ip} ${name}\n`)).join('');
}

const DNSMASQ =
  '--keep-in-foreground --conf-file=/dev/null --pid-file= --user=root --no-resolv --no-poll --no-hosts ' +
  '--bind-interfaces --local=/#/ --log-queries --log-facility=-';
