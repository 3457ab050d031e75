import { type AccessLine, readAccessLines } from './agent.ts';
import { waitFor } from './wait.ts';

/** The first line of this access log that fits, as soon as it is there. */
export function awaitAccessLine(
  accessLog: string,
  fits: (line: AccessLine) => boolean,
  limitMs = 5_000,
): Promise<AccessLine> {
  return waitFor('an access line', () => readAccessLines(accessLog).find(fits), {
    limitMs,
    told: () =>
      readAccessLines(accessLog)
        .map((line) => JSON.stringify(line))
        .join('\n'),
  });
}
