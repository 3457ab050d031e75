import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

declare const handle: unique symbol;
/** The running mover as the addon knows it. */
export type Handle = { readonly [handle]: true };

/** addon.c's functions. Numbers below zero are negated errnos. */
export type Addon = {
  readonly start: (
    threads: number,
    maxFlows: number,
    maxHeld: number,
    halfCloseMs: number,
    lingerMs: number,
    drain: () => void,
  ) => readonly [Handle, ArrayBuffer] | number;
  readonly kick: (mover: Handle, thread: number) => void;
  readonly listen: (
    mover: Handle,
    netns: string | undefined,
    ip: Uint8Array,
    port: number,
    exclusive: boolean,
    transparent: boolean,
  ) => number;
  readonly unlisten: (mover: Handle, id: number) => number;
  readonly openNetns: (mover: Handle, path: string) => number;
  readonly localAddresses: () => ArrayBuffer | number;
  readonly stop: (mover: Handle) => void;
  readonly free: (mover: Handle) => void;
};

/** Loads weir.node, built first if it is missing or older than its sources. Throws with the reason if it cannot be. */
export function loadAddon(): Addon {
  loaded ??= buildAndLoad();
  return loaded;
}

let loaded: Addon | undefined;

function buildAndLoad(): Addon {
  const build = fileURLToPath(new URL('build', import.meta.url));
  if (existsSync(build)) runBuild(build); // an image has the addon beside this file and no sources
  const addon: unknown = createRequire(import.meta.url)('./weir.node');
  if (!isAddon(addon)) throw new TypeError('weir.node does not have the expected functions');
  return addon;
}

function runBuild(build: string): void {
  try {
    execFileSync(build, { stdio: ['ignore', 'inherit', 'inherit'] });
  } catch (cause: unknown) {
    throw new Error('the native addon cannot be built; the reason stands on stderr', { cause });
  }
}

function isAddon(value: unknown): value is Addon {
  const names = ['start', 'kick', 'listen', 'unlisten', 'openNetns', 'localAddresses', 'stop', 'free'];
  if (typeof value !== 'object' || value === null) return false;
  const functions = new Map<string, unknown>(Object.entries(value));
  return names.every((name) => typeof functions.get(name) === 'function');
}
