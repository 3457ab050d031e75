import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import * as records from '../../../../agent/native/records.ts';

const run = promisify(execFile);
const core = fileURLToPath(new URL('../../../../agent/native/core', import.meta.url));

/** The TypeScript constant and the C expression that it must equal. */
const PAIRS: readonly (readonly [number, string])[] = [
  [records.LAYOUT.bellBytes, 'BELL_BYTES'],
  [records.LAYOUT.messageBytes, 'MESSAGE_RING_BYTES'],
  [records.LAYOUT.commandBytes, 'COMMAND_RING_BYTES'],
  [records.LAYOUT.controlWords, 'CONTROL_WORDS'],
  [records.LAYOUT.maxPayload, 'MAX_PAYLOAD'],
  [records.LAYOUT.maxEdit, 'MAX_EDIT'],
  [records.LAYOUT.addressBytes, 'sizeof(wire_address)'],
  [records.WORD.messagesHead, 'WORD_MESSAGES_HEAD'],
  [records.WORD.flows, 'WORD_FLOWS'],
  [records.WORD.heldBytes, 'WORD_HELD_BYTES'],
  [records.WORD.paused, 'WORD_PAUSED'],
  [records.WORD.messagesTail, 'WORD_MESSAGES_TAIL'],
  [records.WORD.commandsHead, 'WORD_COMMANDS_HEAD'],
  [records.WORD.commandsTail, 'WORD_COMMANDS_TAIL'],
  [records.WORD.threadSleeps, 'WORD_THREAD_SLEEPS'],
  [records.HEADER.length, 'offsetof(record_header, length)'],
  [records.HEADER.kind, 'offsetof(record_header, kind)'],
  [records.HEADER.side, 'offsetof(record_header, side)'],
  [records.HEADER.flags, 'offsetof(record_header, flags)'],
  [records.HEADER.slot, 'offsetof(record_header, slot)'],
  [records.HEADER.generation, 'offsetof(record_header, generation)'],
  [records.HEADER.payload, 'offsetof(record_header, payload)'],
  [records.HEADER.value, 'offsetof(record_header, value)'],
  [records.HEADER.bytes, 'sizeof(record_header)'],
  [records.ACCEPTED.at, 'offsetof(accepted_message, at)'],
  [records.ACCEPTED.listener, 'offsetof(accepted_message, listener)'],
  [records.ACCEPTED.peer, 'offsetof(accepted_message, peer)'],
  [records.ACCEPTED.local, 'offsetof(accepted_message, local)'],
  [records.ACCEPTED.original, 'offsetof(accepted_message, original)'],
  [records.ACCEPTED.bytes, 'sizeof(accepted_message)'],
  [records.HELD.passed, 'offsetof(held_message, passed)'],
  [records.HELD.bytes, 'sizeof(held_message)'],
  [records.DIALED.at, 'offsetof(dialed_message, at)'],
  [records.DIALED.local, 'offsetof(dialed_message, local)'],
  [records.DIALED.era, 'offsetof(dialed_message, era)'],
  [records.DIALED.bytes, 'sizeof(dialed_message)'],
  [records.LOST.passed, 'offsetof(lost_message, passed)'],
  [records.LOST.bytes, 'sizeof(lost_message)'],
  [records.CLOSED.toUpstream, 'offsetof(closed_message, to_upstream)'],
  [records.CLOSED.toClient, 'offsetof(closed_message, to_client)'],
  [records.CLOSED.atAccepted, 'offsetof(closed_message, at_accepted)'],
  [records.CLOSED.atConnected, 'offsetof(closed_message, at_connected)'],
  [records.CLOSED.atFirstUpstreamByte, 'offsetof(closed_message, at_first_upstream_byte)'],
  [records.CLOSED.atClosed, 'offsetof(closed_message, at_closed)'],
  [records.CLOSED.bytes, 'sizeof(closed_message)'],
  [records.INSPECT.beyond, 'offsetof(inspect_command, beyond)'],
  [records.INSPECT.deadlineMs, 'offsetof(inspect_command, deadline_ms)'],
  [records.INSPECT.bytes, 'sizeof(inspect_command)'],
  [records.DIAL.to, 'offsetof(dial_command, to)'],
  [records.DIAL.timeoutMs, 'offsetof(dial_command, timeout_ms)'],
  [records.DIAL.era, 'offsetof(dial_command, era)'],
  [records.DIAL.bytes, 'sizeof(dial_command)'],
  [records.FORWARD.low, 'offsetof(forward_command, bytes_low)'],
  [records.FORWARD.high, 'offsetof(forward_command, bytes_high)'],
  [records.FORWARD.bytes, 'sizeof(forward_command)'],
  [records.EDIT.at, 'offsetof(edit_command, at)'],
  [records.EDIT.remove, 'offsetof(edit_command, remove)'],
  [records.EDIT.bytes, 'sizeof(edit_command)'],
  [records.MESSAGE.filler, 'MESSAGE_FILLER'],
  [records.MESSAGE.accepted, 'MESSAGE_ACCEPTED'],
  [records.MESSAGE.held, 'MESSAGE_HELD'],
  [records.MESSAGE.gate, 'MESSAGE_GATE'],
  [records.MESSAGE.observed, 'MESSAGE_OBSERVED'],
  [records.MESSAGE.dialed, 'MESSAGE_DIALED'],
  [records.MESSAGE.closed, 'MESSAGE_CLOSED'],
  [records.MESSAGE.stopped, 'MESSAGE_STOPPED'],
  [records.MESSAGE.lost, 'MESSAGE_LOST'],
  [records.FLAG.ended, 'FLAG_ENDED'],
  [records.FLAG.deadline, 'FLAG_DEADLINE'],
  [records.FLAG.full, 'FLAG_FULL'],
  [records.FLAG.reset, 'FLAG_RESET'],
  [records.COMMAND.filler, 'COMMAND_FILLER'],
  [records.COMMAND.listen, 'COMMAND_LISTEN'],
  [records.COMMAND.unlisten, 'COMMAND_UNLISTEN'],
  [records.COMMAND.dropNetns, 'COMMAND_DROP_NETNS'],
  [records.COMMAND.inspect, 'COMMAND_INSPECT'],
  [records.COMMAND.dial, 'COMMAND_DIAL'],
  [records.COMMAND.forward, 'COMMAND_FORWARD'],
  [records.COMMAND.observe, 'COMMAND_OBSERVE'],
  [records.COMMAND.respond, 'COMMAND_RESPOND'],
  [records.COMMAND.close, 'COMMAND_CLOSE'],
  [records.COMMAND.edit, 'COMMAND_EDIT'],
  [records.COMMAND_FLAG.all, 'FLAG_ALL'],
  [records.COMMAND_FLAG.notifyHeld, 'FLAG_NOTIFY_HELD'],
  [records.COMMAND_FLAG.more, 'FLAG_MORE'],
  [records.COMMAND_FLAG.rst, 'FLAG_RST'],
  [records.COMMAND_FLAG.on, 'FLAG_ON'],
  [records.SIDES.indexOf('client'), 'CLIENT'],
  [records.SIDES.indexOf('upstream'), 'UPSTREAM'],
  [records.CAUSES.indexOf('ended'), 'CAUSE_ENDED'],
  [records.CAUSES.indexOf('closed'), 'CAUSE_CLOSED'],
  [records.CAUSES.indexOf('responded'), 'CAUSE_RESPONDED'],
  [records.CAUSES.indexOf('reset'), 'CAUSE_RESET'],
  [records.CAUSES.indexOf('half-close-timeout'), 'CAUSE_HALF_CLOSE_TIMEOUT'],
  [records.CAUSES.indexOf('stopped'), 'CAUSE_STOPPED'],
  [records.CAUSES.indexOf('no-resources'), 'CAUSE_NO_RESOURCES'],
  [records.SIDE_ENDS.indexOf('none'), 'END_NONE'],
  [records.SIDE_ENDS.indexOf('fin'), 'END_FIN'],
  [records.SIDE_ENDS.indexOf('reset'), 'END_RESET'],
  [records.SIDE_ENDS.indexOf('error'), 'END_ERROR'],
  [records.SIDE_ENDS.indexOf('closed-by-us'), 'END_CLOSED_BY_US'],
];

test('records.ts and protocol.h hold the same numbers', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'weir-records-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const source = join(folder, 'print.c');
  const prints = PAIRS.map(([, expression]) => `printf("%ld\\n", (long)(${expression}));`).join('\n');
  await writeFile(
    source,
    `#include "protocol.h"\n#include <stddef.h>\n#include <stdio.h>\nint main(void) {\n${prints}\nreturn 0;\n}\n`,
  );
  await run('cc', ['-std=gnu11', '-I', core, '-o', join(folder, 'print'), source]);
  const { stdout } = await run(join(folder, 'print'));
  const said = stdout.trim().split('\n').map(Number);
  assert.deepEqual(
    PAIRS.map(([, expression], at) => [expression, said[at]]),
    PAIRS.map(([value, expression]) => [expression, value]),
  );
});
