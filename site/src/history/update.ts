// Brings the history up to date with what lies in `published/`, and notes in it which pages are to be written.
import {
  type BuildId,
  type BuildPlace,
  isBuildPlace,
  isPathOwner,
  isPathProject,
  type ProjectsJson,
  parseChroot,
  published,
} from '@coppice/config';
import type { Changes, SiteChange } from '../model/changes.ts';
import {
  type BuildReading,
  chrootFolders,
  packageOfSrpm,
  placeOf,
  type Report,
  readBuild,
  readShown,
  type Statements,
} from '../model/read.ts';
import { readHeaders } from '../model/read-headers.ts';
import { joinBuild, lifetimeOf, type OtherShown, type ProjectEntry, type QueueEntry } from '../model/site-model.ts';
import { describeChanged } from './describe.ts';
import { type Found, findChanged } from './find-changed.ts';
import type { History } from './history.ts';
import { homePage } from './paths.ts';
import { openTouched, type Touched } from './touched.ts';

type Place = Omit<BuildPlace, 'package'> & { readonly package?: string };

/** Builds that are read and kept in one go. */
const atOnce = 200;
/** Under which name it is kept what was seen of the statements that `keepEntries` has kept. */
const statedFact = 'projects as stated';
const keyOf = ({ owner, project }: Place) => `${owner}/${project}`;

/**
 * Looks at the builds of `changes`, at those that came into the queue or left it, and at what the config states; with
 * `all` also at everything that may have changed on the disk.
 */
export async function updateHistory(
  history: History,
  folder: string,
  {
    changes,
    statements,
    report,
  }: {
    readonly changes: Changes;
    readonly statements: Statements;
    readonly report: Report;
  },
): Promise<void> {
  const touched = openTouched(history);
  const queued = new Map((statements.queue?.builds ?? []).map((entry) => [entry.id, entry]));
  const found: Found =
    changes === 'all' ? await findChanged(folder, history) : { results: [], shown: foldersShown(changes), folders: [] };
  const places = placesToRead(history, { changes, queued, found });
  const chroots = new Map<string, ReturnType<typeof chrootFolders>>();
  const chrootsOf = (place: Place) => {
    const key = keyOf(place);
    const known = chroots.get(key) ?? chrootFolders(folder, place.owner, place.project);
    chroots.set(key, known);
    return known;
  };
  // What is kept is not found again: whoever goes on after an end amid this has to write everything.
  if (places.length > atOnce) history.setFact('amid an update', 'yes');
  for (let at = 0; at < places.length; at += atOnce) {
    const read = await Promise.all(
      places.slice(at, at + atOnce).map(async (place): Promise<[Place, BuildReading]> => {
        const name = place.package ?? history.build(place.id)?.package ?? (await packageOfSrpm(folder, place)) ?? '';
        const before = history.seenResults({ project: `${place.owner}/${place.project}`, build: place.id });
        const about = { chroots: await chrootsOf(place), entry: queued.get(place.id), before, report };
        return [place, await readBuild(folder, { ...place, package: name }, about)];
      }),
    );
    history.atOnce(() => {
      for (const [place, reading] of read) keep(history, touched, place, reading);
    });
  }
  // With many projects there is much of it: what is as it was is neither read nor compared.
  const projects =
    history.fact(statedFact) === statements.projects.seen ? 'as before' : await statements.projects.read();
  const shown = await Promise.all(
    found.shown.map(async (path) => [path, await readShown(folder, path, report)] as const),
  );
  history.atOnce(() => {
    for (const [path, reading] of shown) keepShown(history, touched, path, reading);
    for (const { path, changed } of found.folders) history.noteFolder(path, changed);
    if (projects === 'as before') keepLifetimes(history, touched, places.map(keyOf), statements.sandboxes);
    else keepEntries(history, touched, projects, statements.sandboxes);
    history.setFact(statedFact, statements.projects.seen);
    touched.owe();
    history.setFact('amid an update', '');
  });
  // Before the first pages are made, nothing has to be told apart.
  const isTold = history.fact('made by') !== undefined;
  await describeChanged(history, (run) => readHeaders(folder, run), isTold);
}

/** Each once, in the order of their numbers. */
function placesToRead(
  history: History,
  known: {
    readonly changes: Changes;
    readonly queued: ReadonlyMap<number, QueueEntry>;
    readonly found: Found;
  },
): readonly Place[] {
  const { changes, queued, found } = known;
  const places = new Map<string, Place>();
  const add = (place: Place | undefined) => {
    if (place === undefined) return;
    const key = `${place.owner}/${place.project} ${place.id}`;
    if (place.package !== undefined || !places.has(key)) places.set(key, place);
  };
  for (const path of found.results) add(placeOf(path));
  const before = new Set(history.queuedNumbers());
  for (const entry of queued.values())
    if (changes === 'all' || !before.has(entry.id)) add({ ...entry, id: entry.id as BuildId });
  // Whatever became of those that the queue has no more.
  for (const id of before) if (!queued.has(id)) add(history.build(id));
  if (changes !== 'all')
    for (const each of changes)
      if ('id' in each) add(isBuildPlace(each) ? { ...each, id: each.id as BuildId } : undefined);
  return [...places.values()].sort((one, other) => one.id - other.id);
}

/** The folders of the repositories among the changes. */
function foldersShown(changes: readonly SiteChange[]): readonly string[] {
  return changes.flatMap((each) => {
    if ('id' in each || !isPathOwner(each.owner) || !isPathProject(each.project)) return [];
    const chroot = parseChroot(each.chroot)?.name;
    return chroot === undefined ? [] : [published.repository(each.owner, each.project, chroot)];
  });
}

function keepShown(
  history: History,
  touched: Touched,
  path: string,
  reading: Awaited<ReturnType<typeof readShown>>,
): void {
  const [, owner = '', name = '', chroot = ''] = path.split('/');
  const project = `${owner}/${name}`;
  const before = history.othersShown(project).filter((each) => each.chroot === chroot);
  const after = (reading?.others ?? []).map((each) => ({ ...each, chroot }));
  history.saveShown(project, chroot, reading?.seen, after);
  const byPackage = (each: readonly OtherShown[]) => new Map(each.map((one) => [one.package, one]));
  const [old, fresh] = [byPackage(before), byPackage(after)];
  for (const one of new Set([...old.keys(), ...fresh.keys()])) {
    const [was, is] = [old.get(one), fresh.get(one)];
    if (was?.build === is?.build && was?.version === is?.version && was?.why === is?.why) continue;
    const lowest = Math.min(
      was === undefined ? Infinity : (was.build ?? 0),
      is === undefined ? Infinity : (is.build ?? 0),
    );
    touched.changeShown(project, one, lowest);
  }
}

function keep(history: History, touched: Touched, place: Place, reading: BuildReading): void {
  const key = { project: `${place.owner}/${place.project}`, build: place.id };
  const seen = new Set(reading.seen.map(({ path }) => path));
  for (const { path } of history.seenResults(key)) if (!seen.has(path)) history.forgetResult(path);
  for (const each of reading.seen) history.noteResult(key, each);
  const before = history.build(place.id);
  const after = joinBuild(reading);
  if (after === undefined) {
    // Its results may lie under another project's name by now.
    if (before === undefined || `${before.owner}/${before.project}` !== key.project) return;
    touched.remove(before);
    history.removeBuild(before);
  } else if (before !== undefined && JSON.stringify(before) === JSON.stringify(after)) {
    // Its log may have grown.
    history.owe(published.buildPage(after));
    history.noteQueued(after.id, reading.entry !== undefined);
  } else {
    touched.save(before, after);
    history.saveBuild(after, reading.entry !== undefined);
  }
}

function keepEntries(
  history: History,
  touched: Touched,
  projects: ProjectsJson | null,
  sandboxes: Statements['sandboxes'],
): void {
  const stated = new Map((projects?.projects ?? []).map((entry) => [`${entry.owner}/${entry.name}`, entry]));
  for (const key of new Set([...history.projectKeys(), ...stated.keys()]))
    keepEntry(history, touched, key, stated.get(key) ?? null, sandboxes);
  const repository = projects?.configRepository ?? '';
  if (history.fact('config repository') === repository) return;
  history.setFact('config repository', repository);
  history.owe(homePage);
}

/** Of projects that may be new: what is stated of all others was kept before. */
function keepLifetimes(
  history: History,
  touched: Touched,
  keys: readonly string[],
  sandboxes: Statements['sandboxes'],
): void {
  for (const key of new Set(keys)) {
    const known = history.entryOf(key);
    if (known !== undefined) keepEntry(history, touched, key, known.entry, sandboxes);
  }
}

function keepEntry(
  history: History,
  touched: Touched,
  key: string,
  entry: ProjectEntry | null,
  sandboxes: Statements['sandboxes'],
): void {
  const lifetime = lifetimeOf(key.split('/')[1] ?? '', sandboxes);
  if (!history.isOther(key, entry, lifetime)) return;
  touched.changeEntry(key);
  history.saveEntry(key, entry, lifetime);
}
