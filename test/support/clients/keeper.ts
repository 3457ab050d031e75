/**
 * Many connections that stay: `node keeper.ts run` reads Kept[] as JSON from its input, opens them all, and says on each
 * what it is to begin with. SIGUSR1: all that are open say their `again`. What has become of them (a KeeperState) is
 * printed as a line of JSON whenever it has changed.
 */
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';

/** latin1; what comes back is an answer once it ends with `mark`. */
export type Saying = { readonly say: string; readonly mark: string };

export type Kept = {
  readonly kind: string;
  readonly count: number;
  readonly host: string;
  readonly port: number;
  /** The first client's own (own-ports.ts); each of the others has the next one. */
  readonly firstLocalPort: number;
  /** One after the other. */
  readonly begin: readonly Saying[];
  readonly again?: Saying;
  /** Says `again` as often, from when it has begun. */
  readonly everyMs?: number;
};

export type KeeperState = {
  /** Connections that have begun, by kind, ended ones too. */
  readonly begun: Readonly<Record<string, number>>;
  /** Answers to `again`, by kind. */
  readonly answered: Readonly<Record<string, number>>;
  readonly ended: readonly KeptEnd[];
};

export type KeptEnd = {
  readonly kind: string;
  /** As the access line writes it. */
  readonly local: string;
  /** `fin`, or the error's name. */
  readonly how: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Since it last began to say something. */
  readonly received: string;
};

/** So many of a kind are being opened at a time: no queue of the kernel overflows. */
const LANES = 16;
const begun: Record<string, number> = {};
const answered: Record<string, number> = {};
const ended: KeptEnd[] = [];
const again: (() => void)[] = [];
let changed = true;

if (process.argv[2] === 'run') {
  const all = JSON.parse(readFileSync(0, 'utf8')) as Kept[]; // written by the tests alone
  process.on('SIGUSR1', () => {
    for (const say of again) say();
  });
  for (const kept of all) {
    for (let lane = 0; lane < Math.min(kept.count, LANES); lane++) open(kept, lane);
  }
  setInterval(() => {
    if (changed) process.stdout.write(`${JSON.stringify({ begun, answered, ended } satisfies KeeperState)}\n`);
    changed = false;
  }, 20);
}

function count(of: Record<string, number>, kind: string): void {
  of[kind] = (of[kind] ?? 0) + 1;
  changed = true;
}

/** Opens number `at` of its kind, and once that has begun, the next of its lane. */
function open(kept: Kept, at: number): void {
  const { kind, host, port, begin } = kept;
  const socket = connect({ host, port, localPort: kept.firstLocalPort + at, noDelay: true });
  let local = '';
  let received = '';
  let awaited: { readonly mark: string; readonly next: () => void } | undefined;
  const say = ({ say: text, mark }: Saying, next: () => void): void => {
    received = '';
    awaited = { mark, next };
    socket.write(text, 'latin1');
  };
  const start = (step: number): void => {
    const saying = begin[step];
    if (saying) return say(saying, () => start(step + 1));
    count(begun, kind);
    const { again: repeated } = kept;
    const repeat = repeated && ((): void => say(repeated, () => count(answered, kind)));
    if (repeat) again.push(() => !socket.destroyed && repeat());
    if (repeat && kept.everyMs !== undefined) {
      const timer = setInterval(repeat, kept.everyMs);
      socket.on('close', () => clearInterval(timer));
    }
    if (at + LANES < kept.count) open(kept, at + LANES);
  };
  const end = (how: string): void => {
    if (ended.some((each) => each.local === local)) return;
    ended.push({ kind, local, how, at: Date.now(), received });
    changed = true;
  };
  socket.on('connect', () => {
    const { localAddress: ip = '', localPort = 0 } = socket;
    local = ip.includes(':') ? `[${ip}]:${localPort}` : `${ip}:${localPort}`;
    start(0);
  });
  socket.on('data', (bytes: Buffer) => {
    received += bytes.toString('latin1');
    if (!awaited || !received.endsWith(awaited.mark)) return;
    const { next } = awaited;
    awaited = undefined;
    next();
  });
  socket.on('end', () => end('fin'));
  socket.on('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
}
