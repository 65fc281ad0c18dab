import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { addToList, removeFromList, removeKey, setKey } from './edit-yaml.ts';

const text = `# The tools of acme
description: Small tools   # short

maintainers: [octocat, "Hubot"]  # ask them first
builders:
  # people
  - bea   # since 2024
  - gus
chroots: [ fedora-42-x86_64 ]
packages:
  hello: { source: { type: dir } }
`;
/** The lines that differ, as a diff shows them. */
const changed = (after: string, before = text) => {
  const [old, now] = [before.split('\n'), after.split('\n')];
  return [
    ...old.filter((line) => !now.includes(line)).map((line) => `-${line}`),
    ...now.filter((line) => !old.includes(line)).map((line) => `+${line}`),
  ];
};

describe('a change of a project file touches nothing else', () => {
  test.each([
    [
      'a list on one line',
      addToList(text, 'maintainers', 'new', 'description'),
      ['-maintainers: [octocat, "Hubot"]  # ask them first', '+maintainers: [octocat, "Hubot", new]  # ask them first'],
    ],
    ['a list of lines', addToList(text, 'builders', 'new', 'maintainers'), ['+  - new']],
    [
      'a list that is not there',
      addToList(removeKey(text, 'builders'), 'builders', 'new', 'maintainers'),
      ['-builders:', '-  # people', '-  - bea   # since 2024', '-  - gus', '+builders: [new]'],
    ],
    ['a login that YAML would read as a number', addToList(text, 'builders', '123', 'maintainers'), ['+  - "123"']],
    [
      'the first of a line',
      removeFromList(text, 'maintainers', 'OctoCat'),
      ['-maintainers: [octocat, "Hubot"]  # ask them first', '+maintainers: ["Hubot"]  # ask them first'],
    ],
    [
      'the last of a line',
      removeFromList(text, 'maintainers', 'hubot'),
      ['-maintainers: [octocat, "Hubot"]  # ask them first', '+maintainers: [octocat]  # ask them first'],
    ],
    ['one of the lines', removeFromList(text, 'builders', 'bea'), ['-  - bea   # since 2024']],
    ['a new text', setKey(text, 'frozen', 'a "claim"'), ['+frozen: "a \\"claim\\""']],
    [
      'another text',
      setKey(text, 'description', 'Other'),
      ['-description: Small tools   # short', '+description: "Other"   # short'],
    ],
    [
      'another list',
      setKey(text, 'builders', ['x', 'y']),
      ['-builders:', '-  # people', '-  - bea   # since 2024', '-  - gus', '+builders: [x, y]'],
    ],
  ])('%s', (_name, after, wanted) => {
    expect(changed(after)).toEqual(wanted);
  });

  test('and a change that is taken back leaves the text as it was', () => {
    expect(removeKey(setKey(text, 'frozen', 'why'), 'frozen')).toBe(text);
    expect(removeFromList(addToList(text, 'builders', 'new', 'maintainers'), 'builders', 'new')).toBe(text);
  });
});

describe('where no cut fits, the document is written anew with the wanted meaning', () => {
  test.each([
    ['anchors', 'maintainers: &people [a]\nbuilders: *people\n'],
    ['one line', '{maintainers: [a], builders: [a]}\n'],
    ['JSON', '{"maintainers": ["a"], "builders": ["a"]}'],
    ['a list over lines', 'maintainers: [\n  a, # first\n]\nbuilders: [\n  a,\n]\n'],
    ['quoted keys', '"maintainers":\n- a\n"builders":\n- a\n'],
    ['a document start', '---\nmaintainers: [a]\nbuilders: [a]\n...\n'],
  ])('%s', (_name, odd) => {
    expect(parse(addToList(odd, 'builders', 'b', 'maintainers'))).toEqual({ maintainers: ['a'], builders: ['a', 'b'] });
    expect(parse(removeKey(odd, 'builders'))).toEqual({ maintainers: ['a'] });
    expect(parse(setKey(odd, 'frozen', 'why'))).toEqual({ maintainers: ['a'], builders: ['a'], frozen: 'why' });
  });

  test('any text is kept as it was written by its author', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 80 }), (reason) => {
        expect(parse(setKey(text, 'frozen', reason)).frozen).toBe(reason);
      }),
    );
  });
});
