import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { splitDocuments } from '../../../../agent/sources/split-documents.ts';

/** Text and the line that it begins at, of each document. */
function split(text: string): unknown {
  return splitDocuments(text).map(({ text: own, linesBefore }) => [own, linesBefore]);
}

for (const [says, text, want] of [
  ['nothing', '', []],
  ['blank lines and comments', '\n# a\n  # b\n\n', []],
  ['one document', 'a: 1\n', [['a: 1\n', 0]]],
  ['a marker ahead of it', '---\na: 1\n', [['---\na: 1\n', 0]]],
  [
    'two documents',
    'a: 1\n---\nb: 2\n',
    [
      ['a: 1\n', 0],
      ['---\nb: 2\n', 1],
    ],
  ],
  [
    'content behind the marker',
    '--- {a: 1}\n--- |\n text\n',
    [
      ['--- {a: 1}\n', 0],
      ['--- |\n text\n', 1],
    ],
  ],
  [
    'a comment behind the marker',
    'a: 1\n--- # two\nb: 2',
    [
      ['a: 1\n', 0],
      ['--- # two\nb: 2', 1],
    ],
  ],
  [
    'Windows line ends',
    'a: 1\r\n---\r\nb: 2\r\n',
    [
      ['a: 1\r\n', 0],
      ['---\r\nb: 2\r\n', 1],
    ],
  ],
  ['a comment ahead of the first marker', '# licence\n---\na: 1\n', [['# licence\n---\na: 1\n', 0]]],
  [
    'directives',
    '%YAML 1.2\n---\na: 1\n...\n%YAML 1.2\n---\nb: 2\n',
    [
      ['%YAML 1.2\n---\na: 1\n', 0],
      ['\n%YAML 1.2\n---\nb: 2\n', 3],
    ],
  ],
  [
    'an end marker alone',
    'a: 1\n...\nb: 2\n',
    [
      ['a: 1\n', 0],
      ['\nb: 2\n', 1],
    ],
  ],
  ['an end marker at the end', 'a: 1\n...\n', [['a: 1\n', 0]]],
  [
    'a marker at the end of the text',
    'a: 1\n---',
    [
      ['a: 1\n', 0],
      ['---', 1],
    ],
  ],
  ['no markers', 'a: "---"\nb: ----\nc: |\n  ---\n---d: 1\n', [['a: "---"\nb: ----\nc: |\n  ---\n---d: 1\n', 0]]],
] as const) {
  test(says, () => deepEqual(split(text), want));
}

test('every document is a part of the file and begins where it says', () => {
  const line = fc.constantFrom('---', '...', 'a: 1', '# c', '%YAML 1.2', '', '--- x', '  ---', '---x', 'b: [');
  fc.assert(
    fc.property(fc.array(line, { maxLength: 12 }), (lines) => {
      const text = lines.join('\n');
      for (const chunk of splitDocuments(text)) {
        const rest = lines.slice(chunk.linesBefore).join('\n');
        equal(rest.startsWith(chunk.text) || rest.startsWith(`...${chunk.text}`), true);
      }
      const kept = splitDocuments(text)
        .map((chunk) => chunk.text)
        .join('');
      for (const word of ['a: 1', 'b: [', '---x'])
        equal(count(kept, word), count(text, word), 'no content is lost or doubled');
    }),
  );
});

function count(text: string, word: string): number {
  return text.split(word).length;
}
