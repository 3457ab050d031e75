import { equal } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { flowsPerCaller, flowsPerThread } from '../../../../agent/accept/flow-limit.ts';

const rows = [
  { says: 'plenty: the most there is', limit: '1048576', threads: 2, want: 16_384 },
  { says: 'two descriptors a flow, some kept back', limit: '1024', threads: 1, want: 480 },
  { says: 'shared by the threads', limit: '1024', threads: 4, want: 120 },
  { says: 'hardly any: still one at a time', limit: '64', threads: 2, want: 1 },
  { says: 'no limit', limit: 'unlimited', threads: 1, want: 16_384 },
] as const;

for (const { says, limit, threads, want } of rows) {
  test(says, () => {
    const text = `Limit                     Soft Limit           Hard Limit           Units\nMax processes             5 5 processes\nMax open files            ${limit}                 ${limit}                 files\n`;
    equal(flowsPerThread(text, threads), want);
  });
}

test('one caller has no limit of its own but 8192 if it is alone, and half of all beside others', () => {
  equal(flowsPerCaller(468, 1), 8_192);
  equal(flowsPerCaller(468, 2), 234);
  equal(flowsPerCaller(1, 9), 1);
  equal(flowsPerCaller(32_768, 2), 8_192);
});

test('the text that the kernel gives is read', () => {
  const text = readFileSync('/proc/self/limits', 'utf8');
  const soft = Number(/Max open files\s+(\d+)/.exec(text)?.[1]);
  equal(flowsPerThread(text, 1), Math.min(16_384, Math.floor((soft - 64) / 2)));
});
