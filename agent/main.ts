import { availableParallelism } from 'node:os';
import { runProgram } from './cli/program.ts';

const stop = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort());

process.exitCode = await runProgram(process.argv.slice(2), {
  root: new URL('../', import.meta.url),
  cores: availableParallelism(),
  stop: stop.signal,
  onReopenLogs: (reopen) => process.on('SIGHUP', reopen),
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
});
