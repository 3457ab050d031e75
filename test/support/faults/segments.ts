import { must } from '../lab/run.ts';

/** One segment as tshark tells it. `at`: seconds since the epoch. */
export type Segment = {
  readonly at: number;
  readonly source: string;
  readonly target: string;
  readonly sequence: number;
  readonly bytes: number;
  readonly window: number;
  readonly syn: boolean;
  readonly fin: boolean;
  readonly rst: boolean;
  readonly ack: boolean;
};

/** Of a capture file, in the order seen. */
export async function readSegments(path: string): Promise<readonly Segment[]> {
  const fields = FIELDS.flatMap((field) => ['-e', field]);
  const { stdout } = await must(['tshark', '-n', '-r', path, '-Y', 'tcp', '-T', 'fields', ...QUICK, ...fields]);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [at = '', from, fromPort, to, toPort, sequence, bytes, window, syn, fin, rst, ack] = line.split('\t');
      return {
        at: Number(at),
        source: `${from}:${fromPort}`,
        target: `${to}:${toPort}`,
        sequence: Number(sequence),
        bytes: Number(bytes),
        window: Number(window),
        syn: isSet(syn),
        fin: isSet(fin),
        rst: isSet(rst),
        ack: isSet(ack),
      };
    });
}

const FIELDS = [
  'frame.time_epoch',
  'ip.src',
  'tcp.srcport',
  'ip.dst',
  'tcp.dstport',
  'tcp.seq_raw',
  'tcp.len',
  'tcp.window_size_value',
  'tcp.flags.syn',
  'tcp.flags.fin',
  'tcp.flags.reset',
  'tcp.flags.ack',
] as const;
/** What is above TCP is no concern here, and TCP's own analysis would take the two halves of a NATed flow for two flows. */
const QUICK = ['-o', 'tcp.analyze_sequence_numbers:FALSE', '-o', 'tcp.desegment_tcp_streams:FALSE'];

/** `1` and `True` in different versions. */
function isSet(flag: string | undefined): boolean {
  return flag === '1' || flag === 'True';
}
