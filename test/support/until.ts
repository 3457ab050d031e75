import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';

/** Waits for a condition, not for a duration; fails after `limitMs`. */
export async function until(condition: () => boolean | Promise<boolean>, limitMs = 5_000): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!(await condition())) {
    assert.ok(performance.now() < deadline, `not within ${limitMs} ms: ${condition.toString()}`);
    await pause(5);
  }
}
