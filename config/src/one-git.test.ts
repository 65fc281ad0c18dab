// Git is asked in two places alone: everybody else would have to think of its environment and its limits again.
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What starts git, or could: the words that files of production would need. */
const starters: readonly (readonly [name: string, pattern: RegExp, allowed: readonly string[]])[] = [
  ['simple-git', /from 'simple-git'|import\('simple-git'\)/, ['builder-runner/src/remote/open-git.ts']],
  // As a program, by itself or behind another one; `Settings['git']` is a type.
  [
    'git as a program',
    /(?:[(,]|(?<![=!])=|(?<!\w)\[)\s*(['"`])(?:\/\S*\/)?git\1\s*[,\];]/,
    ['builder-runner/src/remote/run-limited-git.ts'],
  ],
];

/** The checks of the machine name programs without starting them. */
const namesOnly = ['bot/src/cli/doctor-machine.ts'];

const production = ['config', 'builder-runner', 'site', 'bot'].flatMap((room) =>
  globSync(`${room}/**/*.ts`, { cwd: root, exclude: ['**/node_modules/**', '**/testing/**', '**/*.{test,e2e}.ts'] }),
);

test.each(starters)('%s is called in one place', (_name, pattern, allowed) => {
  const found = production.filter((path) => pattern.test(readFileSync(join(root, path), 'utf8')));
  expect(found.filter((path) => !namesOnly.includes(path))).toEqual(allowed);
});

test.each([
  "execa('git', ['fetch'])",
  "spawn('git', args)",
  "execFile(\n    'git',\n    ['fetch'])",
  "execa('prlimit', ['--core=0', '--', 'git', ...args])",
  "execa('timeout', ['9', '/usr/bin/git', 'fetch'])",
  'execFileSync("git", [])',
  "const program = 'git';",
])('a planted call is found: %s', (text) => {
  expect(starters.some(([, pattern]) => pattern.test(text))).toBe(true);
});
