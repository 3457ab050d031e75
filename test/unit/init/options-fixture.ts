import assert from 'node:assert/strict';
import { type InitOptions, parseOptions } from '../../../init/options.ts';

/** Options of a command line, without environment and with no nameserver known. */
export async function optionsOf(...argv: readonly string[]): Promise<InitOptions> {
  const parsed = await parseOptions(argv, { env: {}, nameservers: () => [], version: '0' });
  assert.ok(parsed.kind === 'options', JSON.stringify(parsed));
  return parsed.options;
}
