// Holds the two tables of rooms in the architecture page: which workspace may import what of ours, and which folder
// which. The gates of workspaces are `exports` of package.json; this is the wall.
import { readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Arrows, arrowsBetween, childOf, circlesIn, importsOf, readImports } from '../testing/import-graph.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const page = readFileSync(join(root, 'site/content/docs/explanation/architecture.md'), 'utf8');

/** Workspace → what of ours it may import, by the whole specifier. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  config: [],
  'builder-runner': ['@coppice/config'],
  site: ['@coppice/config'],
  bot: [
    '@coppice/config',
    '@coppice/builder-runner/queue',
    '@coppice/builder-runner/remote',
    '@coppice/builder-runner/file-headers',
    '@coppice/builder-runner/regular-file',
    '@coppice/builder-runner/replace-file',
    '@coppice/builder-runner/runner',
    '@coppice/site/listing',
    '@coppice/site/regenerate',
  ],
};

/** The imports of a file that the table of workspaces forbids. `path` is relative to the root. */
function forbiddenImports(path: string, text: string): string[] {
  const room = path.split('/', 1)[0] ?? '';
  return importsOf(text).filter((specifier) => {
    if (specifier.startsWith('.')) return !normalize(join(dirname(path), specifier)).startsWith(`${room}/`);
    const ours = specifier.startsWith('@coppice/') || /^coppice(\/|$)/.test(specifier);
    return specifier.startsWith('/') || (ours && !allowed[room]?.includes(specifier));
  });
}

const all = readImports(root, ['{config,builder-runner,site,bot}/**/*.ts']);
const isProduction = (file: string) => !/\.(test|e2e|child)\.ts$|\/testing\//.test(file);
const production: Arrows = new Map(
  [...all]
    .filter(([file]) => isProduction(file))
    .map(([file, targets]) => [file, new Set([...targets].filter(isProduction))]),
);
const folders = arrowsBetween(production, dirname);

/**
 * Rows of the page's tables of folders: `bot/src/answers/` and what it imports, as folders beside it in the same table.
 */
function statedFolders(): ReadonlyMap<string, ReadonlySet<string>> {
  const stated = new Map<string, ReadonlySet<string>>();
  const rows = page.matchAll(/^\| `([\w/.-]+)\/` \| [^|]+ \| ([^|]+) \|$/gm);
  for (const [, folder = '', imports = ''] of rows) {
    const top = /^(?:(?:config|builder-runner|bot)\/src|bot\/local-github|site(?=\/))/.exec(folder)?.[0];
    if (top === undefined) continue;
    const named = [...imports.matchAll(/`([\w/.-]+)`/g)].map(([, name = '']) => name);
    stated.set(folder, new Set(named.map((name) => (folders.has(name) ? name : `${top}/${name}`))));
  }
  return stated;
}

describe('the table of workspaces', () => {
  test.each(Object.keys(allowed))('every import of %s is one that the table allows', (room) => {
    const own = [...all.keys()].filter((path) => path.startsWith(`${room}/`));
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
    ['config/src/x.ts', "export * from '../../bot/src/bot.ts';"],
    ['builder-runner/src/x.ts', "import type { Bot } from 'coppice';"],
    ['builder-runner/src/queue/x.ts', "import {\n  a,\n  b,\n} from '../../../config/src/index.ts';"],
    ['site/src/x.ts', "const queue = await import('@coppice/builder-runner/queue');"],
    ['site/src/x.ts', "import '@coppice/builder-runner/runner';"],
    ['bot/src/x.ts', "import { journal } from '@coppice/builder-runner/src/store/journal.ts';"],
    ['bot/src/x.ts', "import { read } from '@coppice/site';"],
  ])('a planted import in %s is caught: %s', (path, text) => {
    expect(forbiddenImports(path, `import { join } from 'node:path';\n${text}\n`)).toHaveLength(1);
  });

  test('allowed imports are not caught', () => {
    const text = "import { openQueue } from '@coppice/builder-runner/queue';\nimport type { A } from './a.ts';";
    expect(forbiddenImports('bot/src/x.ts', text)).toEqual([]);
  });
});

describe('the table of folders', () => {
  const stated = statedFolders();

  test('names every folder with code, and no other', () => {
    expect([...stated.keys()].sort()).toEqual([...folders.keys()].sort());
  });

  test('allows just the imports that there are', () => {
    const lines = (arrows: Arrows) => [...arrows].flatMap(([from, to]) => [...to].map((one) => `${from} → ${one}`));
    expect(lines(folders).sort()).toEqual(lines(stated).sort());
  });

  test('the local GitHub imports nothing of the bot', () => {
    const own = [...all].filter(([file]) => file.startsWith('bot/local-github/') && isProduction(file));
    expect(own).not.toEqual([]);
    expect(own.flatMap(([, targets]) => [...targets].filter((one) => !one.startsWith('bot/local-github/')))).toEqual(
      [],
    );
  });

  test('no folder holds more than 25 production files', () => {
    const counts = Map.groupBy(production.keys(), dirname);
    expect([...counts].filter(([, files]) => files.length > 25).map(([folder]) => folder)).toEqual([]);
  });
});

describe('circles of imports, types included', () => {
  test('there is none between files, tests among them', () => {
    expect(circlesIn(all)).toEqual([]);
  });

  test('there is none between folders', () => {
    expect(circlesIn(folders)).toEqual([]);
  });

  test('there is none between what stands side by side in a folder, taken with all that is below it', () => {
    const parents = new Set([...folders.keys()].map(dirname));
    const circles = [...parents].flatMap((parent) => {
      const below = [...production].filter(([file]) => file.startsWith(`${parent}/`));
      const inside = below.map(
        ([file, targets]) => [file, new Set([...targets].filter((one) => one.startsWith(`${parent}/`)))] as const,
      );
      return circlesIn(arrowsBetween(new Map(inside), (file) => childOf(parent, file)));
    });
    expect(circles).toEqual([]);
  });

  test('a circle is found exactly where some name reaches itself', () => {
    const name = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f');
    const graph = fc.dictionary(name, fc.array(name, { maxLength: 4 }));
    fc.assert(
      fc.property(graph, (given) => {
        const arrows: Arrows = new Map(
          Object.entries(given).map(([from, to]) => [from, new Set(to.filter((one) => one !== from && one in given))]),
        );
        const reached = (from: string) => {
          const seen = new Set<string>();
          const next = [...(arrows.get(from) ?? [])];
          for (let one = next.pop(); one !== undefined; one = next.pop()) {
            if (!seen.has(one)) next.push(...(arrows.get(one) ?? []));
            seen.add(one);
          }
          return seen;
        };
        const inCircles = [...arrows.keys()].filter((one) => reached(one).has(one)).sort();
        expect(circlesIn(arrows).flat().sort()).toEqual(inCircles);
      }),
    );
  });
});
