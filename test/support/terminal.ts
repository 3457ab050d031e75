import { spawn } from 'node:child_process';

export type OnTerminal = {
  readonly columns: number;
  readonly env?: Readonly<Record<string, string>>;
  /** Whenever this is shown, the key is pressed. */
  readonly question: string;
  readonly key: string;
  /** Killed after this. */
  readonly limitMs: number;
};

/** A shell's command on a terminal of its own, with somebody who sits there: how it ended, and all that was shown. */
export async function onTerminal(
  command: string,
  { columns, env = {}, question, key, limitMs }: OnTerminal,
): Promise<{ readonly code: number | null; readonly shown: string }> {
  const { PATH = '/usr/bin:/bin', HOME = '/root' } = process.env;
  const sized = `stty cols ${columns} rows 24; ${command}`;
  const child = spawn('script', ['--quiet', '--return', '--command', sized, '/dev/null'], {
    env: { PATH: `${PATH}:/usr/sbin:/sbin`, HOME, LANG: 'C.UTF-8', TERM: 'xterm', SHELL: '/bin/sh', ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
    timeout: limitMs,
    killSignal: 'SIGKILL',
  });
  let shown = '';
  let answered = 0;
  child.stdin.on('error', () => {}); // it may end while a key is on its way
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
    for (const asked = shown.split(question).length - 1; answered < asked; answered++) child.stdin.write(key);
  });
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  child.on('error', reject).on('close', resolve);
  return { code: await promise, shown };
}
