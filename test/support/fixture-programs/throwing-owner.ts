/** Three clients one after the other; `accept` throws for the first, a handler for the second, once. */
import { connect } from 'node:net';
import { startMover } from '../../../agent/native/index.ts';
import { LOOPBACK } from '../mover-log.ts';

process.on('uncaughtException', (error) => console.log(`uncaught: ${error.message}`));

let accepted = 0;
const options = { threads: 1, maxFlowsPerThread: 8, maxHeldBytes: 65_536, halfCloseMs: 300, lingerMs: 300 };
const mover = startMover(options, (flow) => {
  const number = accepted++;
  if (number === 0) throw new Error('accept 0');
  mover.inspect(flow, 'client', 0, 1_000);
  return {
    held: () => {
      mover.respond(flow, Buffer.from('served'));
      if (number === 1) throw new Error('held 1');
    },
    gate: () => undefined,
    observed: () => undefined,
    dialed: () => undefined,
    lost: () => undefined,
    leased: () => undefined,
    asked: () => undefined,
    closed: () => undefined,
  };
});
const { port } = mover.listen({ netns: undefined, ip: LOOPBACK[4], port: 0, sharing: 'exclusive', transparent: false });
for (let number = 0; number < 3; number++) {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  socket.on('data', (data) => (text += data.toString())).on('error', () => (text = 'reset'));
  socket.write('x');
  await new Promise((resolve) => socket.on('close', resolve));
  console.log(`client ${number}: ${text}`);
}
await mover.stop();
