import { type Running, start } from './run.ts';
import { waitFor } from './wait.ts';

export type Capture = {
  /** Ends the capture. `count`: packets that the filter let through in the kernel, shown or not. */
  readonly stop: () => Promise<{ readonly count: number; readonly lines: readonly string[] }>;
};

let captures = 0;

/**
 * tcpdump with this filter on all interfaces of `netns`, or on one; listening when it returns. A packet that crosses
 * two interfaces counts twice on `any`.
 */
export async function startCapture(netns: string, folder: string, filter: string, device = 'any'): Promise<Capture> {
  const argv = ['ip', 'netns', 'exec', netns, 'tcpdump', '-n', '-l', '--immediate-mode', '-i', device, filter];
  const tcpdump = start(argv, `${folder}/capture-${++captures}`);
  const living = () => {
    if (tcpdump.code() !== undefined) throw new Error(`tcpdump ended: ${tcpdump.stderr()}`);
    return true;
  };
  await waitFor('tcpdump listens', () => living() && tcpdump.stderr().includes('listening on'), {
    told: tcpdump.stderr,
  });
  return { stop: () => stop(tcpdump) };
}

async function stop(tcpdump: Running): Promise<{ count: number; lines: string[] }> {
  tcpdump.kill('SIGINT');
  await waitFor('tcpdump ends', () => tcpdump.code() !== undefined, { told: tcpdump.stderr });
  const count = /^(\d+) packets? received by filter/m.exec(tcpdump.stderr())?.[1];
  if (count === undefined) throw new Error(`tcpdump told no count: ${tcpdump.stderr()}`);
  return {
    count: Number(count),
    lines: tcpdump
      .stdout()
      .split('\n')
      .filter((line) => line !== ''),
  };
}
