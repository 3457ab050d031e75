import { RE2JS, RE2JSSyntaxException } from 're2js';
import { z } from 'zod';
import type { TextMatch } from '../../registry/route-table.ts';
import { complaint, objectOf, parsedText, textField } from '../expect.ts';
import { suggestion } from '../spelling.ts';

// StringMatch of a VirtualService: exactly one of exact, prefix and regex. As the value of a map it may be empty, which
// asks for presence; there an unknown field is an error, since without it the match would be wider than what was written.

export type StringMatch = z.output<typeof STRING_MATCH>;

/** Compiled for both answers of ignoreUriCase, which stands beside it. */
type Regex = { readonly source: string; readonly asWritten: RE2JS; readonly folded: RE2JS };

const FIELDS = {
  exact: textField('the whole text').optional(),
  prefix: textField('the beginning of the text').optional(),
  regex: parsedText('a regular expression (RE2)', regex).optional(),
};

const EXPECTED = 'exactly one of exact, prefix and regex';

export const STRING_MATCH = objectOf(EXPECTED, FIELDS).refine((match) => given(match).length === 1, {
  error: ({ input }) => `expected ${EXPECTED}, found ${given(input).join(' and ') || 'none'}`,
});

export const STRING_MATCH_OR_PRESENCE = z
  .strictObject(FIELDS, {
    error: ({ code, input, keys }) =>
      code === 'unrecognized_keys' ? unknownKeys(keys) : complaint(`${EXPECTED}, or {} (a mapping)`, input),
  })
  .refine((match) => given(match).length <= 1, {
    error: ({ input }) => `expected ${EXPECTED}, or {}; found ${given(input).join(' and ')}`,
  });

/** undefined: presence. `fold`: the other side is in lower case. */
export function textMatchOf(match: StringMatch, fold: boolean): TextMatch | undefined {
  if (match.exact !== undefined) return { kind: 'exact', text: fold ? match.exact.toLowerCase() : match.exact };
  if (match.prefix !== undefined) return { kind: 'prefix', text: fold ? match.prefix.toLowerCase() : match.prefix };
  if (match.regex === undefined) return undefined;
  const { source, asWritten, folded } = match.regex;
  const compiled = fold ? folded : asWritten;
  return { kind: 'regex', source, matches: (text) => compiled.testExact(text) };
}

function regex(text: string): { value: Regex } | string {
  if (text.length > LONGEST_REGEX)
    return `expected a regular expression of at most ${LONGEST_REGEX} characters, found ${text.length}`;
  try {
    return {
      value: { source: text, asWritten: RE2JS.compile(text), folded: RE2JS.compile(text, RE2JS.CASE_INSENSITIVE) },
    };
  } catch (thrown) {
    const why = thrown instanceof RE2JSSyntaxException ? thrown.getDescription() : String(thrown);
    return `${complaint('a regular expression (RE2)', text)}: ${why}`;
  }
}

/** Istio's limit. Compiling takes time and memory by the length. */
const LONGEST_REGEX = 1024;

function given(match: unknown): string[] {
  return typeof match === 'object' && match !== null ? NAMES.filter((name) => name in match) : [];
}

const NAMES = Object.keys(FIELDS);

function unknownKeys(keys: unknown): string {
  const [first = ''] = Array.isArray(keys) ? keys.map(String) : [];
  return `unknown field ${JSON.stringify(first)}; expected ${EXPECTED}, or {}${suggestion(first, NAMES)}`;
}
