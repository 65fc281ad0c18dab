// Brings what is known of packages up to date with their newest good builds and with what is stated, and notes the
// pages and files that are to be written because of it.
import { type PackageHeaders, published, readSandbox } from '@coppice/config';
import { type Build, type ChrootRun, packageNames, versionOfRun } from '../model/site-model.ts';
import { type Description, type NamedRelation, projectsLetter } from './catalog.ts';
import type { History } from './history.ts';
import { packagesHome, packagesPage, pageOfList, projectsPage, searchKeys, shardFile } from './paths.ts';
import { keyLengths, packageTerms, projectTerms, summaryOf } from './search-terms.ts';

/** Reads what the headers of a build's packages say; undefined where that is not known. */
export type ReadHeaders = (run: ChrootRun) => Promise<PackageHeaders | undefined>;

interface Good {
  readonly build: Build;
  readonly run: ChrootRun;
  readonly headers: PackageHeaders | undefined;
}

/** Described and kept in one go. */
const atOnce = 50;
const mostRelations = 2_000;

/**
 * Everything that has changed since the last time; what was begun and not ended is begun again. `isTold` false: files
 * of the search need not be owed, for everything will be.
 */
export async function describeChanged(history: History, readHeaders: ReadHeaders, isTold = true): Promise<void> {
  for (;;) {
    const some = history.catalog.undescribed(atOnce);
    if (some.length === 0) return;
    const read = await Promise.all(
      some.map(async (each) => ({ ...each, good: await readGood(history, each, readHeaders) })),
    );
    history.atOnce(() => {
      for (const { project, name, good } of read) {
        if (name === '') describeProject(history, project, isTold);
        else if (good !== 'same') describePackage(history, project, name, good, isTold);
        history.catalog.settle(project, name);
      }
    });
  }
}

/** The headers of the newest good builds; `same`: they are those of the last time. */
async function readGood(
  history: History,
  { project, name }: { readonly project: string; readonly name: string },
  readHeaders: ReadHeaders,
): Promise<readonly Good[] | 'same'> {
  if (name === '') return [];
  const runs = history.goodRuns(project, name);
  if (history.catalog.description(project, name).seen === seenOf(history, project, name, runs)) return 'same';
  return await Promise.all(runs.map(async (one) => ({ ...one, headers: await readHeaders(one.run) })));
}

function seenOf(
  history: History,
  project: string,
  name: string,
  runs: readonly { readonly build: Build; readonly run: ChrootRun }[],
): string {
  const isKnown = isListed(history, project, name);
  return JSON.stringify([
    isKnown,
    ...runs.map(({ build, run }) => [run.chroot, build.id, run.packageHeaders?.sha256 ?? null]),
  ]);
}

/** Sandboxes of pull requests are nobody's to find. */
function isListed(history: History, project: string, name: string): boolean {
  const stated = history.entryOf(project);
  if (stated === undefined || readSandbox(project.split('/')[1] ?? '') !== undefined) return false;
  const built = history.countBuilds({ project, package: name }) > 0;
  return built || (stated.entry?.packages.some((one) => one.name === name) ?? false);
}

function describePackage(
  history: History,
  project: string,
  name: string,
  good: readonly Good[],
  isTold: boolean,
): void {
  const { catalog } = history;
  const main = mainOf(good);
  const nevras = good.flatMap(({ run }) => run.artifacts.map(({ nevra }) => nevra));
  const known = isListed(history, project, name);
  const after: Description = {
    seen: seenOf(history, project, name, good),
    terms: known ? packageTerms({ name, nevras, headers: main?.headers }) : [],
    listed: known
      ? {
          letter: letterOf(name),
          line: { version: (main && versionOfRun(main.run, name)) ?? null, summary: summaryOf(main?.headers) },
        }
      : null,
  };
  keep(history, project, name, known || good.length > 0 ? after : undefined, isTold);
  const before = catalog.relationsOf(project, name);
  const relations = good.flatMap(({ run, headers }) => relationsIn(headers, run.chroot));
  catalog.saveRelations(project, name, relations);
  const [was, is] = [before, catalog.relationsOf(project, name)].map(
    (each) => new Set(each.map(({ kind, name: of, chroot }) => JSON.stringify([kind, of, chroot]))),
  ) as [Set<string>, Set<string>];
  const [owner = '', of = ''] = project.split('/');
  const changed = [...was, ...is].filter((text) => !(was.has(text) && is.has(text)));
  for (const text of changed) {
    const [kind, wanted] = JSON.parse(text) as [NamedRelation['kind'], string];
    for (const other of catalog.packagesWith(project, kind === 'provides' ? 'requires' : 'provides', wanted))
      history.owe(published.packagePage(owner, of, other));
  }
}

function describeProject(history: History, project: string, isTold: boolean): void {
  const entry = history.entryOf(project);
  const isSandbox = readSandbox(project.split('/')[1] ?? '') !== undefined;
  if (entry === undefined || isSandbox) {
    keep(history, project, '', undefined, isTold);
    return;
  }
  const description = entry.entry?.description ?? '';
  const packages = packageNames({ entry: entry.entry, builtPackages: history.builtPackages(project) }).length;
  const line = { description, packages };
  keep(
    history,
    project,
    '',
    {
      seen: '',
      terms: projectTerms(project, description),
      listed: { letter: projectsLetter, line },
    },
    isTold,
  );
}

/** Keeps it, and owes what shows it. */
function keep(history: History, project: string, name: string, after: Description | undefined, isTold: boolean): void {
  const { catalog } = history;
  const before = catalog.description(project, name);
  const [was, is] = [before.terms, after?.terms ?? []].map(
    (terms) => new Map(terms.map((term) => [JSON.stringify(term), term])),
  ) as [Map<string, Description['terms'][number]>, Map<string, Description['terms'][number]>];
  const added = [...is].filter(([text]) => !was.has(text)).map(([, term]) => term);
  const removed = [...was].filter(([text]) => !is.has(text)).map(([, term]) => term);
  for (const key of catalog.shards.change({ project, name }, { added, removed }, isTold))
    history.owe(key.length < keyLengths.least ? searchKeys : shardFile(key));
  const [line, old] = [after?.listed ?? null, before.listed];
  if (JSON.stringify(line) !== JSON.stringify(old)) {
    const isMoved = line === null || old === null || line.letter !== old.letter;
    const letters = new Set([line, old].flatMap((each) => each?.letter ?? []));
    const counts = new Map([...letters].map((letter) => [letter, catalog.countListed(letter)]));
    catalog.saveDescription(project, name, after);
    for (const [letter, count] of counts) {
      const first = pageOfList(catalog.listedBefore(letter, project, name));
      const last = pageOfList(Math.max(count, catalog.countListed(letter), 1) - 1);
      const page = letter === projectsLetter ? projectsPage : (number: number) => packagesPage(letter, number);
      // The last page but one may have a next one now, or none any more.
      const from = isMoved ? Math.max(1, Math.min(first, last - 1)) : first;
      for (let number = from; number <= (isMoved ? last : first); number += 1) history.owe(page(number));
    }
    if (isMoved && !letters.has(projectsLetter)) history.owe(packagesHome);
  } else catalog.saveDescription(project, name, after);
}

/** The newest of the builds speaks for the package; of its chroots the first. */
export function mainOf<T extends { readonly build: Build }>(good: readonly T[]): T | undefined {
  let main: T | undefined;
  for (const one of good) if (main === undefined || one.build.id > main.build.id) main = one;
  return main;
}

/** `a` to `z`; `0` for digits, and all else. */
function letterOf(name: string): string {
  const first = name.charAt(0).toLowerCase();
  return /[a-z]/.test(first) ? first : '0';
}

/** What repositories list of files, so that they can be required by their paths (createrepo_c's rule). */
const primaryFile = /^\/etc\/|bin\/|^\/usr\/lib\/sendmail$/;

function relationsIn(headers: PackageHeaders | undefined, chroot: string): readonly NamedRelation[] {
  const relations: NamedRelation[] = [];
  for (const { provides, requires, files } of headers?.packages ?? []) {
    for (const { name } of provides) relations.push({ kind: 'provides', name, chroot });
    for (const { path } of files) if (primaryFile.test(path)) relations.push({ kind: 'provides', name: path, chroot });
    // What is required under conditions is no name.
    for (const { name } of requires) if (!name.startsWith('(')) relations.push({ kind: 'requires', name, chroot });
  }
  return relations.slice(0, mostRelations);
}
