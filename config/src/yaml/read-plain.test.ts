import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LineCounter, parseDocument } from 'yaml';
import { aliasTargets, NodeReader } from './read-nodes.ts';
import { readPlain } from './read-plain.ts';

/** What both ways make of a text, or undefined where the quick one leaves it to the other. */
function bothWays(text: string) {
  const { contents } = parseDocument(text, { uniqueKeys: false, prettyErrors: false, resolveKnownTags: false });
  const plain = readPlain(contents);
  const reader = new NodeReader('f.yaml', new LineCounter(), aliasTargets(contents));
  return { plain, thorough: reader.read(contents, [], 0), problems: reader.problems };
}

test('gives what the thorough way gives, and nothing where that one finds a problem', () => {
  const pieces = fc.constantFrom(
    ...[
      'a: ',
      'b: ',
      '- ',
      '\n',
      '  ',
      '[',
      ']',
      '{',
      '}',
      ', ',
      '1',
      '~',
      '"x"',
      'true',
      '? ',
      '&x ',
      '*x',
      '__proto__: ',
    ],
  );
  const text = fc.oneof(
    fc.jsonValue().map((value) => JSON.stringify(value)),
    fc.array(pieces, { maxLength: 30 }).map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(text, (given) => {
      const { plain, thorough, problems } = bothWays(given);
      if (plain !== undefined) expect({ value: plain.value, problems }).toEqual({ value: thorough, problems: [] });
    }),
    { numRuns: 300 },
  );
});

test.each([
  ['mappings and lists', 'a: { b: [1, x, ~] }\nc: true\n', true],
  ['an empty file', '', true],
  ['a key twice', 'a: 1\na: 2', false],
  ['an alias', 'a: &x 1\nb: *x', false],
  ['__proto__', '__proto__: 1', false],
  ['a list as key', '? [a]\n: 1', false],
  ['33 lists in each other', '['.repeat(34) + ']'.repeat(34), false],
])('reads %s: %j %s', (_what, text, quick) => {
  expect(bothWays(text).plain !== undefined).toBe(quick);
});
