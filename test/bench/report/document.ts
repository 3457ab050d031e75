import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { PEER_FILES } from '../contenders/peers.ts';
import { CANNOT } from '../contenders.ts';
import { tableOf } from '../markdown-table.ts';
import { plotSvg } from './plot.ts';
import { groupsOf, numberText, type Report } from './report.ts';

/** docs/performance.md and its plot. Nothing but figures differs between two runs on one machine. */
export function writeDocument(report: Report): void {
  const docs = fileURLToPath(new URL('../../../docs/', import.meta.url));
  writeFileSync(`${docs}performance.md`, documentText(report));
  writeFileSync(`${docs}performance.svg`, plotSvg(report));
}

function documentText(report: Report): string {
  const parts = [
    '# What Weir costs beside others',
    'Written by `npm run bench -- --write-docs`; do not edit. What a judged request costs, and why: [gate.md](gate.md).',
    '![weir to the best peer](performance.svg)',
    machineText(report),
    '## Figures',
    FIGURES,
    ...figures(report),
    '## System calls and instructions',
    COUNTS,
    countsTable(report),
    ...coreTable(report),
    '## Method',
    methodText(report),
    '## Peers',
    PEERS,
    tableOf(
      ['setting', 'contender', 'cannot be compared, because it'],
      CANNOT.map(({ setting, contender, because }) => [setting, contender, because]),
    ),
  ];
  return `${parts.join('\n\n')}\n`;
}

function machineText({ machine, quick }: Report): string {
  const { processors, model, memoryGiB, kernel, congestionControl, node, haproxy, nginx, redsocks } = machine;
  const box = `${processors} processors (${model}), shared by client, contender and origin; ${memoryGiB} GiB, Linux ${kernel}, ${congestionControl}.`;
  const programs = `Node ${node}, haproxy ${haproxy}, nginx ${nginx}, redsocks ${redsocks}.`;
  const busy = `Others used ${(machine.usedByOthers * 100).toFixed(0)} % of the processors meanwhile (median of all runs).`;
  const warning =
    machine.usedByOthers > BUSY_SHARE
      ? ' **Measured on a busy machine: read the ratios with care, and the rates not at all.**'
      : '';
  return `Machine: ${box} ${programs}${quick ? ' Quick run.' : ''} ${busy}${warning}`;
}

const BUSY_SHARE = 0.05;

const FIGURES = `Median of so many *rounds*, ± half of least to greatest. *to best peer*: weir divided by the best of the peers where more is better, the peer divided by weir where less is, so 1 and more is not worse. Direct is no peer. weir writes an access line for each connection and request; no peer does but \`haproxy-log\`, so where that stands a second ratio is to it alone. *noisy*: from least to greatest, direct's values of this very figure differ by more than 15 % of their median; for memory and cpu, which direct has not, those of the contenders named, or of all if none is; or there was one round only, and nobody knows. *suspect*: the peer is more than 10 % below what it reached on such a machine when Weir was designed.`;

/** One table for each case: a line for each load, a column for each contender. */
function figures({ rows }: Report): readonly string[] {
  const byCase = Map.groupBy(groupsOf(rows), (group) => group.case);
  return [...byCase].flatMap(([name, groups]) => {
    const contenders = [...new Set(groups.flatMap((group) => group.rows.map(({ contender }) => contender)))];
    const hasLogging = groups.some((group) => group.rows.some((row) => row.toBestLoggingPeer !== undefined));
    const lines = groups.map(({ load, rows: own }) => {
      const ratio = (of: 'toBestPeer' | 'toBestLoggingPeer'): string =>
        own.map((row) => row[of]?.toFixed(2) ?? '').join('');
      return [
        load,
        own[0]?.unit ?? '',
        ...contenders.map((contender) => cellOf(own.find((row) => row.contender === contender))),
        ratio('toBestPeer'),
        ...(hasLogging ? [ratio('toBestLoggingPeer')] : []),
        `${own[0]?.rounds ?? ''}`,
        noisyText(own),
      ];
    });
    const ratios = ['to best peer', ...(hasLogging ? ['to best logging peer'] : [])];
    return [`### ${name}`, tableOf(['load', 'unit', ...contenders, ...ratios, 'rounds', ''], lines)];
  });
}

/** By direct all are noisy or none; each by itself, those are named. */
function noisyText(rows: Report['rows']): string {
  const noisy = rows.filter((row) => row.noisy).map(({ contender }) => contender);
  if (noisy.length === 0) return '';
  return noisy.length === rows.length ? 'noisy' : `noisy: ${noisy.join(', ')}`;
}

function cellOf(row: Report['rows'][number] | undefined): string {
  if (!row) return '–';
  return `${numberText(row.value)} ±${(row.spread * 100).toFixed(0)} %${row.peerSuspect === true ? ' suspect' : ''}`;
}

const COUNTS = `For each connection, request or GiB, in a short run of its own that is not timed: \`strace -c -f\` over all threads, \`perf stat\` where the machine has a counter of instructions (– if not). Calls are counted while strace slows everything, so batches are smaller than in a timed run.`;

function countsTable({ counts }: Report): string {
  if (counts.length === 0) return 'In this run there was no time to count.';
  const perf = (value: number | undefined): string => (value === undefined ? '–' : numberText(value));
  return tableOf(
    ['setting', 'load', 'contender', 'system calls', 'instructions'],
    counts.map((each) => [each.setting, each.load, each.contender, numberText(each.calls), perf(each.instructions)]),
  );
}

function coreTable({ core }: Report): readonly string[] {
  if (core.length === 0) return [];
  const lines = core.map(({ does, instructions }) => [does, numberText(instructions)]);
  return [
    'Instructions in user space of the core alone (`agent/native/core`), by callgrind on cases of its driver (`test/native/driver`), the least of three runs each; threads that wait make it differ by a few per cent:',
    tableOf(['case', 'instructions'], lines),
  ];
}

function methodText({ quick, rounds, seconds, streamMiB }: Report): string {
  return `Each contender has a pod (a network namespace) of its own with the same rules by \`weir-init apply\`, listens in it on 127.0.0.1:15001 with ${THREADS_TEXT} and dials from the node's namespace; all are up at once. Before each load (memory: each round) the harness proves each contender: the origin sees the node's address (behind a gateway the gateway's, for direct the pod's), another Host gets 502, another SNI not a byte of the origin's; then short runs compare every byte: of streams in both directions (not where TLS is judged), of answers to short connections and to kept requests, whose status, framing and added field are checked as well. While measured, too, every byte is compared where it arrives, which is more than a hash, and the first wrong one ends the bench.

Load: C programs (\`test/bench/programs/\`) in two processes, closed loop. Up to ${rounds} rounds of ${seconds} s (bulk: of so many bytes; memory: ${quick ? 'one round' : 'three rounds at most'}) after warming up${quick ? ', as many as the time allows' : ''}; each round runs every contender in turn, and *rounds* says how many there were. A run waits for a quiet machine and is made again (twice at most) if others used more than 8 % of it; with \`--quick\` neither. All rounds of a load are repeated, three times at most${quick ? ' and as the time allows' : ''}, while direct's rate varies by more than 15 %, and the calmest count. Its rate alone decides that, since its p99 is never calm on such a machine; *noisy* is judged for each figure by its own values.

| case | what is done |
|---|---|
| bulk-up, bulk-down | opaque TCP, ${streamMiB} MiB in one stream, or ${streamMiB / 8} MiB in each of eight at once |
| connect | a new connection, 64 bytes there, 128 bytes and the end back, as many a second as possible |
| connect-tls | the same with a recorded ClientHello, judged by its SNI, and 1405 bytes back; no handshake is completed, for none is a proxy's work |
| connect-gateway | as connect, through two: agent and gateway with a PROXY header (version 2) between them |
| keepalive, latency | judged HTTP/1.1 requests of 201 bytes on kept connections, answers with 128 bytes of body; rate, and time to the last byte |
| memory | growth of resident memory from just started to 5 000 idle flows, each after one exchange, for each flow; kernel memory is not in it |
| cpu | processor time of all threads of the contender, in the runs of connect, keepalive and bulk |`;
}

const THREADS_TEXT = 'two threads';

const PEERS = `From Debian's packages, installed by the bench if they are not there. Their files stand in \`test/bench/peers/\` with the reason for each line; \`npm run bench -- --show-peers\` prints them: ${PEER_FILES.map((name) => `\`${name}\``).join(', ')}.

- **haproxy** dials the original destination, spliced, two threads; where HTTP is judged with the same one-name ACL and the same added field, once without a log and once with a line of equal content; where TLS is judged with an ACL on \`req.ssl_sni\`; behind a gateway as two instances with \`send-proxy-v2\` and \`accept-proxy\`.
- **nginx** (stream) cannot ask for the original destination and dials the one origin, fixed, in its favour; two workers.
- **redsocks** can dial nothing but a proxy: the origin reads its SOCKS4 greeting, so no second relay is measured, but one more round trip is. One thread: it has no other way.
- **node-net** is what anyone would write with Node's \`net\`: two pipes, a fixed destination, two threads.`;
