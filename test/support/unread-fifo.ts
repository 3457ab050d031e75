import { execFile, spawn } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { temporaryFolder } from './temporary-folder.ts';

export type Fifo = AsyncDisposable & { path: string; readAll: () => Promise<string> };

/** A FIFO that has a reader, so that it can be opened for writing, which reads only when told. */
export async function unreadFifo(): Promise<Fifo> {
  const folder = await temporaryFolder();
  const path = join(folder.path, 'pipe');
  await promisify(execFile)('mkfifo', [path]);
  const reader = spawn('/bin/sh', ['-c', `exec 3<>"$0"; echo open; read -r go; exec 4<"$0" 3>&-; exec cat <&4`, path]);
  reader.stdin.on('error', () => undefined);
  const opened = Promise.withResolvers<void>();
  let text = '';
  reader.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString();
    if (text.startsWith('open\n')) opened.resolve();
  });
  const ended = new Promise<void>((resolve) => reader.on('close', () => resolve()));
  await opened.promise;
  return {
    path,
    readAll: async () => {
      reader.stdin.end('go\n');
      await ended;
      return text.slice('open\n'.length);
    },
    [Symbol.asyncDispose]: async () => {
      reader.kill();
      await ended;
      await folder[Symbol.asyncDispose]();
    },
  };
}
