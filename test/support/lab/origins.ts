import { existsSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { OriginsPlan } from '../origins/main.ts';
import { start } from './run.ts';
import { waitFor } from './wait.ts';

const PROGRAM = fileURLToPath(new URL('../origins/main.ts', import.meta.url));
let plans = 0;

/** Starts these origins in `netns`; all ports listen when it returns. */
export async function startOrigins(netns: string, folder: string, plan: Omit<OriginsPlan, 'readyFile'>): Promise<void> {
  const path = `${folder}/origins-${++plans}`;
  const readyFile = `${path}.ready`;
  writeFileSync(`${path}.json`, JSON.stringify({ ...plan, readyFile } satisfies OriginsPlan));
  const origins = start(['ip', 'netns', 'exec', netns, process.execPath, PROGRAM, `${path}.json`], path);
  await waitFor(
    'the origins listen',
    () => {
      if (origins.code() !== undefined) throw new Error(`the origins ended: ${origins.stderr()}`);
      return existsSync(readyFile);
    },
    { told: origins.stderr },
  );
}
