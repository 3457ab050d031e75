/** Each line that steers a peer has its reason. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { PEER_FILES, peerFile } from './contenders/peers.ts';

/** node-net.mjs is a program: what its lines do is not set, but written. */
for (const name of PEER_FILES.filter((name) => !name.endsWith('.mjs'))) {
  test(`${name}: every line stands below its reason`, () => {
    assert.deepEqual(bareLines(readFileSync(peerFile(name), 'utf8')), []);
  });
}

test('a reason ends with an empty line, and where a section begins or ends', () => {
  const bare = [
    'mode tcp',
    '',
    '# why',
    'one',
    'two',
    'frontend f',
    'bind',
    '# why',
    'server {',
    '  listen;',
    '}',
    'x',
  ];
  assert.deepEqual(bareLines(bare.join('\n')), ['mode tcp', 'bind', 'listen;', 'x']);
});

/** A reason is a comment; it holds for the lines directly below it. */
function bareLines(text: string): readonly string[] {
  let explained = false;
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => {
      if (/^(?:#|\/\/)/.test(line)) explained = true;
      else if (line === '' || SECTION.test(line)) explained = false;
      else return !explained;
      return false;
    });
}

/** haproxy's sections and conditions, braces of the others. */
const SECTION = /^(?:global|defaults|(?:frontend|backend) \w+|\.(?:if .*|endif)|.* \{|\})$/;
