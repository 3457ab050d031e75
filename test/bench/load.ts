import { fileURLToPath } from 'node:url';
import { type Contender, FIELD, HELLO, HOST, ORIGIN, type Purpose, type Setting } from './contender.ts';

/** What is done to each contender in turn; a table of its own. */
export type Load =
  | { readonly kind: 'keep'; readonly setting: 'http'; readonly connections: number }
  | { readonly kind: 'exchange'; readonly setting: Exclude<Setting, 'http'>; readonly connections: number }
  | { readonly kind: 'idle'; readonly setting: 'tcp'; readonly connections: number }
  | { readonly kind: 'stream'; readonly setting: 'tcp'; readonly way: 'up' | 'down'; readonly streams: 1 | 8 };

export type LoadSizes = {
  readonly warmMs: number;
  readonly measureMs: number;
  readonly bodyBytes: number;
  /** In one stream, or in eight together. */
  readonly streamBytes: number;
};

export function purposeOf({ kind }: Load): Purpose {
  if (kind === 'stream') return 'bulk';
  return kind === 'idle' ? 'idle' : 'connections';
}

/** As it stands in tables and in `load` of the JSON. */
export function loadText(load: Load): string {
  switch (load.kind) {
    case 'keep':
      return `${load.connections} kept alive`;
    case 'exchange':
      return `${load.connections} at once`;
    case 'idle':
      return `${load.connections} idle`;
    case 'stream':
      return load.streams === 1 ? '1 stream' : `${load.streams} streams`;
  }
}

/** The program and its arguments; `idle` has a measurement of its own. */
export function loadArguments(load: Load, contender: Contender, options: LoadSizes): readonly string[] {
  const to = [ORIGIN.ip, `${ORIGIN.port}`];
  if (load.kind === 'stream') {
    const { streams, way } = load;
    return ['stream', ...to, way, `${streams}`, `${processesOf(streams)}`, `${bytesOfEach(load.streams, options)}`];
  }
  const { connections, setting } = load;
  const { warmMs, measureMs, bodyBytes } = options;
  const times = [connections, processesOf(connections), warmMs, measureMs].map(String);
  if (load.kind === 'exchange')
    return ['exchange', ...to, ...times, ...(setting === 'tls' ? [helloFile(HELLO.file)] : [])];
  return ['load', ...to, HOST, ...times, `${bodyBytes}`, ...(contender.addsField ? [FIELD] : [])];
}

/** Eight streams carry as much in all as one. */
export function bytesOfEach(streams: 1 | 8, { streamBytes }: Pick<LoadSizes, 'streamBytes'>): number {
  return streamBytes / streams;
}

/** Two: one alone was the slowest part of the path, and made all contenders look alike. */
function processesOf(connections: number): number {
  return Math.min(connections, 2);
}

export function helloFile(name: string): string {
  return fileURLToPath(new URL(`../fixtures/client-hello/${name}`, import.meta.url));
}
