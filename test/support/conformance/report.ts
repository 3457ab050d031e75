import type { Differences } from './expected.ts';
import type { Action } from './schema.ts';

/** Fails with every difference and the command that runs this case alone. */
export function judged(id: string, file: string, differences: Differences, told = ''): void {
  if (differences.length === 0) return;
  const alone = `alone: ./scripts/test --test-name-pattern '${id}' ${file}`;
  throw new Error([...differences, told, alone].filter((text) => text !== '').join('\n'));
}

/** An action as a person would type it. */
export function callText({ curl, openssl, tcp, from, facts }: Action): string {
  const by = facts.hop === 'mesh' ? from : `${from}, at ${facts.hop}`;
  if (tcp) return `raw TCP to ${tcp.to} (${by})`;
  return `${curl === undefined ? `openssl ${openssl}` : `curl ${curl}`} (${by})`;
}
