// No comment is wider than 120 columns, and no line of Python or shell. Biome sees to TypeScript code, but not to
// comments.
import { globSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const columns = 120;

const comment = /^\s*(?:\/\/|\/\*|\*(?:\s|\/)|#|""")/;
const commentAtTheEnd = /[;,{})\]] (?:\/\/|#) \S/;
/** A text in quotes that is so long that it may be what makes its line long; such a line is its author's to break. */
const literal = /(["'`]).{20,}\1/;
/** An address, say: it cannot be broken. */
const longWord = /\S{100,}/;

/** The lines that are too long, as `number: text`. */
function overlongLines(path: string, text: string): string[] {
  const formatted = /\.(?:ts|mjs|js)$/.test(path);
  const tooLong = (line: string) => {
    if (line.length <= columns || longWord.test(line)) return false;
    return comment.test(line) || commentAtTheEnd.test(line) || (!formatted && !literal.test(line));
  };
  return text.split('\n').flatMap((line, index) => (tooLong(line) ? [`${path}:${index + 1}: ${line.trim()}`] : []));
}

const folders = '{.ci,ansible,bot,builder-runner,config,site}';
const files = ['*.{ts,mjs}', `${folders}/**/*.{ts,mjs,js,py,sh}`, `{.ci,ansible}/**/*`]
  .flatMap((pattern) => globSync(pattern, { cwd: root, exclude: ['**/node_modules/**', '**/testdata/**'] }))
  .filter((path) => /\.(?:ts|mjs|js|py|sh)$/.test(path) || (!basename(path).includes('.') && isProgram(path)));

/** Programs whose names have no ending begin with the line that says what runs them. */
function isProgram(path: string): boolean {
  return statSync(join(root, path)).isFile() && readFileSync(join(root, path), 'utf8').startsWith('#!');
}

test('no comment, and no line of Python or shell, is wider than 120 columns', () => {
  expect(files.length).toBeGreaterThan(500);
  expect([...new Set(files)].flatMap((path) => overlongLines(path, readFileSync(join(root, path), 'utf8')))).toEqual(
    [],
  );
});

const words = 'word '.repeat(25).trim();
test.each([
  ['x.ts', `// ${words}`],
  ['x.ts', `   * ${words}`],
  ['x.ts', `/** ${words} */`],
  ['x.ts', `call(one); // ${words}`],
  ['x.py', `# ${words}`],
  ['x.py', `    """${words}"""`],
  ['x.py', `value = ${words.replaceAll(' ', ' + ')}`],
  ['x.sh', `echo ${words}`],
])('a planted line in %s is caught: %s', (path, line) => {
  expect(overlongLines(path, `first\n${line}\n`)).toEqual([`${path}:2: ${line.trim()}`]);
});

test.each([
  ['x.ts', `// ${'x'.repeat(118)}`],
  ['x.ts', `const text = '${words}';`],
  ['x.py', `    raise Error("${words}")`],
  ['x.py', `# ${'word '.repeat(22).trim()}`],
])('what fits or cannot be broken is not caught in %s: %s', (path, line) => {
  expect(overlongLines(path, line)).toEqual([]);
});
