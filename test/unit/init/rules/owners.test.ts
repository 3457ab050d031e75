import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linesOf } from './plans.ts';

const MARK = '0x58000000/0xff000000';

test('no excluded owner, no owner rule: every uid is captured', async () => {
  const lines = [...(await linesOf(4, 'nat')), ...(await linesOf(6, 'filter'))];
  assert.deepEqual(
    lines.filter((line) => /owner|58000000/i.test(line)),
    [],
  );
});

test('the gate passes the flow: cleared at a SYN, marked by owner, passed by mark', async () => {
  const gate = await linesOf(6, 'filter', '--exclude-uids', '7,8');
  assert.deepEqual(gate.slice(0, 6), [
    `-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -m connmark --mark ${MARK} -j CONNMARK --set-xmark 0x0/0xff000000`,
    `-p tcp -m owner --uid-owner 7 -j CONNMARK --set-xmark ${MARK}`,
    `-p tcp -m owner --uid-owner 8 -j CONNMARK --set-xmark ${MARK}`,
    `-p tcp -m connmark --mark ${MARK} -j RETURN`,
    '-m owner --uid-owner 7 -j RETURN',
    '-m owner --uid-owner 8 -j RETURN',
  ]);
});
