// Holds the table of rooms: which workspace may import what of ours. The gates are `exports` of package.json; this is the wall.
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Room → what of ours it may import, by the whole specifier. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  config: [],
  'builder-runner': ['@coppice/config'],
  site: ['@coppice/config'],
  bot: [
    '@coppice/config',
    '@coppice/builder-runner/remote',
    '@coppice/builder-runner/queue',
    '@coppice/builder-runner/runner',
    '@coppice/site/regenerate',
  ],
};

const importPattern =
  /(?:^|[;\s])(?:import|export)\s+(?:[\w*{}\s,$]+?\sfrom\s*)?['"]([^'"\n]+)['"]|\bimport\s*\(\s*['"`]([^'"`\n]+)['"`]\s*[,)]/g;

/** What a TypeScript text imports, also by type, re-export or `import()`. */
function importsOf(text: string): string[] {
  return [...text.matchAll(importPattern)].map((match) => match[1] ?? match[2] ?? '');
}

/** The imports of a file that the table forbids. `path` is relative to the root. */
function forbiddenImports(path: string, text: string): string[] {
  const room = path.split('/', 1)[0] ?? '';
  return importsOf(text).filter((specifier) => {
    if (specifier.startsWith('.')) return !normalize(join(dirname(path), specifier)).startsWith(`${room}/`);
    const ours = specifier.startsWith('@coppice/') || /^coppice(\/|$)/.test(specifier);
    return specifier.startsWith('/') || (ours && !allowed[room]?.includes(specifier));
  });
}

const files = Object.keys(allowed).flatMap((room) =>
  globSync(`${room}/**/*.ts`, { cwd: root, exclude: ['**/node_modules/**'] }),
);

describe('the table of rooms', () => {
  test.each(Object.keys(allowed))('every import of %s is one that the table allows', (room) => {
    const own = files.filter((path) => path.startsWith(`${room}/`));
    expect(own).not.toEqual([]);
    const bad = own.flatMap((path) =>
      forbiddenImports(path, readFileSync(join(root, path), 'utf8')).map((specifier) => `${path} imports ${specifier}`),
    );
    // This file's own planted imports are texts, and the only exception.
    const self = relative(root, fileURLToPath(import.meta.url));
    expect(bad.filter((line) => !line.startsWith(`${self} `))).toEqual([]);
  });

  test.each([
    ['config/src/x.ts', "import { a } from '@coppice/site/regenerate';"],
    ['config/src/x.ts', "export * from '../../bot/src/inbox/webhooks.ts';"],
    ['builder-runner/src/x.ts', "import type { Bot } from 'coppice';"],
    ['builder-runner/src/queue/x.ts', "import {\n  a,\n  b,\n} from '../../../config/src/index.ts';"],
    ['site/src/x.ts', "const queue = await import('@coppice/builder-runner/queue');"],
    ['site/src/x.ts', "import '@coppice/builder-runner/runner';"],
    ['bot/src/x.ts', "import { journal } from '@coppice/builder-runner/src/queue/journal.ts';"],
    ['bot/src/x.ts', "import { read } from '@coppice/site';"],
  ])('a planted import in %s is caught: %s', (path, text) => {
    expect(forbiddenImports(path, `import { join } from 'node:path';\n${text}\n`)).toHaveLength(1);
  });

  test('allowed imports are not caught', () => {
    const text = "import { openQueue } from '@coppice/builder-runner/queue';\nimport type { A } from './a.ts';";
    expect(forbiddenImports('bot/src/x.ts', text)).toEqual([]);
  });
});
