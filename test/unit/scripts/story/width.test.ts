import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { folded, foldedCommand, widthOf } from '../../../../scripts/story/width.ts';

for (const [says, text, want] of [
  ['Latin', 'curl -I', 7],
  ['Japanese', '# 作成した Istio', 16],
  ['half-width katakana', 'ｹﾞ', 2],
  ['an accent of its own', 'e\u0301a', 2],
  ['a picture', '🚀', 2],
  ['the marks of the story', '✔ …─·', 5],
] as const) {
  test(`the width of ${says}`, () => assert.equal(widthOf(text), want));
}

for (const [says, text, lines] of [
  ['what fits stays, to the last space', 'a name: ', ['a name: ']],
  ['prose behind spaces', 'one two three four', ['one two', 'three', 'four']],
  ['JSON behind commas', '{"a":1,"b":"c d"}', ['{"a":1,', '"b":"c', 'd"}']],
  ['what has neither where the line ends', 'to 0123456789', ['to', '01234567', '89']],
  ['wide characters by their columns', '作成した名前', ['作成した', '名前']],
] as const) {
  test(`folded: ${says}`, () => assert.deepEqual(folded(text, 8), lines));
}

test('folded: every line fits, and nothing but spaces is lost', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 80 });
  fc.assert(
    fc.property(text, fc.integer({ min: 8, max: 20 }), (text, most) => {
      const lines = folded(text, most);
      assert.ok(lines.every((line) => widthOf(line) <= most));
      assert.equal(bare(lines.join('')), bare(text));
    }),
  );
});

function bare(text: string): string {
  return text.replaceAll(/\s/g, '');
}

test('a folded command keeps options with their values and quotes whole, and a shell reads it as before', () => {
  const command = `printf '%s|' --to aliyun.com:80 -w 'two words' --flag --none`;
  const lines = foldedCommand(command, 24);
  assert.deepEqual(lines, [`printf '%s|' \\`, '--to aliyun.com:80 \\', `-w 'two words' --flag \\`, '--none']);
  const shell = (text: string) => spawnSync('sh', ['-c', text], { encoding: 'utf8' }).stdout;
  assert.equal(shell(lines.join('\n')), '--to|aliyun.com:80|-w|two words|--flag|--none|');
});

test('a word of a command that is wider than the line stays whole', () => {
  const lines = foldedCommand('cat --file /run/weir-lab/access.log', 12);
  assert.deepEqual(lines, ['cat --file \\', '/run/weir-lab/access.log']);
});
