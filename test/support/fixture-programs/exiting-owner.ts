/** Exits in the middle of a batch, with threads that run and flows that live. */
import { connect } from 'node:net';
import { startMover } from '../../../agent/native/index.ts';
import { LOOPBACK } from '../mover-log.ts';

let accepted = 0;
const options = { threads: 4, maxFlowsPerThread: 256, maxHeldBytes: 65_536, halfCloseMs: 300, lingerMs: 300 };
const mover = startMover(options, (flow) => {
  mover.inspect(flow, 'client', 1_000, 60_000);
  accepted++;
  if (accepted === 50) process.exit(7);
  const ignore = () => undefined;
  return {
    held: ignore,
    gate: ignore,
    observed: ignore,
    dialed: ignore,
    lost: ignore,
    leased: ignore,
    asked: ignore,
    closed: ignore,
  };
});
const { port } = mover.listen({ netns: undefined, ip: LOOPBACK[4], port: 0, sharing: 'exclusive', transparent: false });
for (let number = 0; number < 100; number++)
  connect(port, '127.0.0.1')
    .on('error', () => undefined)
    .write('x');
