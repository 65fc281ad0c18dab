import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatProblem } from '../words/problem.ts';
import { maximumYamlBytes, parseYaml } from './parse-yaml.ts';

const problems = (text: string) => parseYaml(text, 'f.yaml').problems.map(formatProblem);

/** `levels` lists, each naming the one before nine times: 9^levels values. */
function aliasBomb(levels: number): string {
  const names = Array.from({ length: levels }, (_, index) => `l${index}`);
  const line = (name: string, index: number) => {
    const item = index === 0 ? 'x' : `*${names[index - 1]}`;
    return `${name}: &${name} [${Array.from({ length: 9 }, () => item).join(', ')}]`;
  };
  return names.map(line).join('\n');
}

/** Any UTF-16, halves of pairs too. */
const hostileText = fc.array(fc.nat(0xffff)).map((codes) => String.fromCharCode(...codes));

describe('parseYaml', () => {
  test('gives a plain value whose mappings have no prototype', () => {
    const { file } = parseYaml('a: { constructor: 1, toString: [x, ~] }', 'f.yaml');
    expect(JSON.stringify(file?.value)).toBe('{"a":{"constructor":1,"toString":["x",null]}}');
    expect(Object.getPrototypeOf((file?.value as { a: object } | undefined)?.a)).toBeNull();
  });

  test.each([
    ['a byte order mark', '\ufeffa: x\n', { a: 'x' }],
    ['Windows line ends', 'a: |\r\n  x\r\n  y\r\nb: z\r\n', { a: 'x\ny\n', b: 'z' }],
    ['headings in a text block', 'a: |\n  Title\n  =======\n  <<<<<<< x\n', { a: 'Title\n=======\n<<<<<<< x\n' }],
    ['words that were once true and false', 'a: [yes, no, on]', { a: ['yes', 'no', 'on'] }],
    ['a number as key, in quotes', "'1.10': a", { '1.10': 'a' }],
  ])('takes %s', (_what, text, value) => {
    expect(parseYaml(text, 'f.yaml')).toMatchObject({ file: { value }, problems: [] });
  });

  test('an alias stands for the last anchor of its name before it', () => {
    const { file } = parseYaml('- &b 1\n- &a [*b]\n- &b 2\n- *a\n- *b', 'f.yaml');
    expect(file?.value).toEqual([1, [1], 2, [1], 2]);
  });

  test('knows where values and keys stand, and of what is missing the nearest around it', () => {
    const { file } = parseYaml('a:\n  b: [x,\n      y]\n', 'f.yaml');
    expect(file?.valueAt(['a', 'b', 1])).toEqual({ line: 3, column: 7 });
    expect(file?.keyAt(['a', 'b'])).toEqual({ line: 2, column: 3 });
    expect(file?.valueAt(['a', 'missing', 7])).toEqual({ line: 1, column: 1 });
    expect(file?.has(['a', 'missing'])).toBe(false);
  });

  test.each([
    ['a tab', 'a:\n\tb: 1', /^f.yaml:2:1: a tab is used to indent \(YAML wants spaces/],
    ['a second document', 'a: 1\n---\nb: 2', /^f.yaml:2:1: a second document begins here/],
    ['a key twice', 'a: 1\nb: 1\na: 2', /^f.yaml:3:1: `a` is there twice \(the first one is on line 1/],
    ['a key twice by an alias', '&x a: 1\n*x : 2', /^f.yaml:2:1: `a` is there twice/],
    ['__proto__', 'a:\n  __proto__: { b: 1 }', /^f.yaml:2:3: unknown key `__proto__`/],
    ['a list as key', '? [a]\n: 1', /^f.yaml:1:3: a key must be a plain word/],
    ['a tag', 'a: !!binary aGk=', /^f.yaml:1:4: tags such as/],
    ['a directive', '%YAML 1.1\n---\na: yes', /^f.yaml:1:1: the file has a %YAML directive/],
    ['an alias of nothing', 'a: *b', /^f.yaml:1:4: the alias `\*b` stands for nothing/],
    ['an alias of itself', '&a [*a]', /^f.yaml:1:5: the file nests more than 32 levels deep/],
    ['a colon in a value', 'a: b: c', /^f.yaml:1:4: a mapping stands where one line is expected/],
    ['an open quote', 'a: "x', /^f.yaml:1:6: this is not YAML: Missing closing/],
    ['a control character', 'a: 1\nb: x\u0007', /^f.yaml:2:5: the character U\+0007 is not allowed/],
    [
      'bytes that are not UTF-8',
      Buffer.from([0x61, 0x3a, 0x20, 0xff]).toString('utf8'),
      /^f.yaml:1:4: the text is not UTF-8/,
    ],
    [
      'UTF-16',
      Buffer.from('\ufeffdescription: x\n', 'utf16le').toString('utf8'),
      /^f.yaml:1:1: the file is UTF-16, not UTF-8 \(save the file/,
    ],
    ['UTF-16 without a mark, the other way round', '\0a\0b\0:\0 \0c', /^f.yaml:1:1: the file is UTF-16, not UTF-8/],
    ['line ends of the old Mac', 'a: 1\rb: 2\r', /^f.yaml:1:5: a carriage return stands alone \(save the file with/],
    [
      'a merge that nobody finished',
      'a: 1\n<<<<<<< HEAD\nb: 2\n=======\nb: 3\n>>>>>>> topic\n',
      /^f.yaml:2:1: a merge conflict is not resolved here \(keep what is right/,
    ],
    ['what is left of one', 'a: 1\r\n=======\r\nb: 3\r\n', /^f.yaml:2:1: a merge conflict is not resolved here/],
    ['a merge key', 'x: &x { a: 1 }\n<<: *x', /^f.yaml:2:1: the merge key `<<` is not read here \(write its keys out/],
    ['a number as key', '1.10: a', /^f.yaml:1:1: the key `1.10` is a number to YAML, not a text \(write it in quotes/],
    ['a key with a sign that nobody sees', '\u200ba: 1', /^f.yaml:1:1: the key `\ufffda` holds the character U\+200B/],
    ['a list beside its key', 'a: - b', /^f.yaml:1:4: a list begins on the line of its key \(begin it on the next/],
    ['text behind a quote', "a: 'it's'", /^f.yaml:1:8: text stands behind the closing quote/],
    ['keys that do not align', 'a:\n  b: 1\n c: 2', /^f.yaml:3:1: this line is indented otherwise/],
    ['a lone surrogate', 'a: \ud800', /^f.yaml:1:4: the character U\+D800 is not allowed/],
    ['text turned round', 'a: x\u202ey', /^f.yaml:1:5: the character U\+202E is not allowed/],
    ['10 MB', 'x'.repeat(10_000_000), /^f.yaml:1:1: the file has 10000000 bytes; at most 262144 are read/],
    ['an alias bomb', aliasBomb(9), /^f.yaml:1:\d+: the file has more than 50000 values once its aliases are expanded/],
    [
      'too many values, with an alias among them',
      `a: &x 1\nb: *x\nc: [${'1,'.repeat(50_000)}]`,
      /^f.yaml:3:\d+: the file has more than 50000 values \(split it/,
    ],
    [
      'an alias of many values',
      `a: &x [${'1,'.repeat(30_000)}]\nb: *x`,
      /^f.yaml:1:\d+: the file has more than 50000 values once its aliases are expanded \(nest fewer/,
    ],
    ['20,000 brackets', '['.repeat(20_000), /^f.yaml:1:\d+: the file nests too deep/],
    [
      '40 lists in each other',
      '['.repeat(40) + ']'.repeat(40),
      /^f.yaml:1:34: the file nests more than 32 levels deep/,
    ],
  ])('refuses %s', (_what, text, expected) => {
    const found = problems(text);
    expect(found[0]).toMatch(expected);
    expect(found.length).toBeLessThanOrEqual(51);
  });

  test('counts bytes, not characters', () => {
    expect(problems(`# ${'ä'.repeat(maximumYamlBytes / 2 - 2)}\n`)).toEqual([]);
    expect(problems(`# ${'ä'.repeat(maximumYamlBytes / 2)}\n`)).toHaveLength(1);
  });

  test('lists at most 50 problems and says how many more there are', () => {
    const found = problems(`a: 1\n${'a: 2\n'.repeat(150)}`);
    expect(found).toHaveLength(51);
    expect(found.at(-1)).toContain('100 more problems are not listed');
  });

  test('never throws, and every problem has a place in the text', () => {
    const pieces = fc.constantFrom(
      'a: ',
      '- ',
      '\n',
      '  ',
      '[',
      ']',
      '{',
      '}',
      '&x ',
      '*x',
      '"',
      "'",
      '|',
      '? ',
      '!t ',
      '%',
      '\t',
      '---\n',
      '<<: ',
      'é',
      '\r',
      '#',
      '0',
    );
    const text = fc.oneof(
      hostileText,
      fc.array(pieces, { maxLength: 60 }).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(text, (hostile) => {
        const { file, problems: found } = parseYaml(hostile, 'f.yaml');
        expect(file === undefined).toBe(file === undefined && found.length > 0);
        const lines = hostile.split('\n').length;
        for (const { line, column, message, hint } of found) {
          const inside = line >= 1 && line <= lines + 1 && column >= 1 && column <= hostile.length + 1;
          expect({ line, column, inside, said: message !== '' && hint !== '' }).toMatchObject({
            inside: true,
            said: true,
          });
        }
      }),
      { numRuns: 200 },
    );
  });
});
