// Which file of the repository imports which, read from their texts, and where such arrows run in a circle. Pure but
// for `readImports`.
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

/** Paths from the root of the repository → those that each points to. */
export type Arrows = ReadonlyMap<string, ReadonlySet<string>>;

const importPattern =
  /(?:^|[;\s])(?:import|export)\s+(?:[\w*{}\s,$]+?\sfrom\s*)?['"]([^'"\n]+)['"]|\bimport\s*\(\s*['"`]([^'"`\n]+)['"`]\s*[,)]/g;

/** What a TypeScript text imports, also by type, re-export or `import()`, as it is written there. */
export function importsOf(text: string): string[] {
  return [...text.matchAll(importPattern)].map((match) => match[1] ?? match[2] ?? '');
}

/** Files → files of the same package that they import, types included. `root` is that of the repository. */
export function readImports(root: string, patterns: readonly string[]): Arrows {
  const files = globSync([...patterns], { cwd: root, exclude: ['**/node_modules/**', '**/testdata/**'] });
  const known = new Set(files);
  const arrows = new Map<string, ReadonlySet<string>>();
  for (const file of files) {
    const relative = importsOf(readFileSync(join(root, file), 'utf8')).filter((one) => one.startsWith('.'));
    const targets = relative.map((one) => normalize(join(dirname(file), one)));
    arrows.set(file, new Set(targets.filter((one) => known.has(one))));
  }
  return arrows;
}

/** The same arrows between what `nameOf` says of their ends; arrows inside one name are left out. */
export function arrowsBetween(arrows: Arrows, nameOf: (file: string) => string): Arrows {
  const between = new Map<string, Set<string>>();
  for (const [file, targets] of arrows) {
    const from = nameOf(file);
    const known = between.get(from) ?? new Set();
    between.set(from, known);
    for (const to of [...targets].map(nameOf)) if (to !== from) known.add(to);
  }
  return between;
}

/**
 * The circles: sets of names that reach each other, each sorted (Tarjan's strongly connected components, of more than
 * one name).
 */
export function circlesIn(arrows: Arrows): readonly (readonly string[])[] {
  const order = new Map<string, number>();
  const lowest = new Map<string, number>();
  const open: string[] = [];
  const circles: string[][] = [];
  const visit = (name: string): void => {
    order.set(name, order.size);
    lowest.set(name, order.size - 1);
    open.push(name);
    for (const next of arrows.get(name) ?? []) {
      if (!arrows.has(next)) continue;
      if (!order.has(next)) visit(next);
      if (open.includes(next)) lowest.set(name, Math.min(lowest.get(name) ?? 0, lowest.get(next) ?? 0));
    }
    if (lowest.get(name) !== order.get(name)) return;
    const circle = open.splice(open.indexOf(name));
    if (circle.length > 1) circles.push(circle.sort());
  };
  for (const name of arrows.keys()) if (!order.has(name)) visit(name);
  return circles;
}

/** The part of a path below `folder` that stands directly in it: a file of its own, or the whole of a folder. */
export function childOf(folder: string, file: string): string {
  const [first = ''] = file.slice(folder.length + 1).split('/');
  return `${folder}/${first}`;
}
