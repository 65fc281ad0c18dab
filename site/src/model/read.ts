// Effects: reads what the runner and the bot left in `published/`. What is broken is reported and left out, never
// fatal.
import { lstat, readdir, stat } from 'node:fs/promises';
import { join, posix } from 'node:path';
import {
  type BuildId,
  type BuildPlace,
  type ChrootName,
  isBuildPlace,
  isPathName,
  isPathOwner,
  isPathProject,
  maximumResultBytes,
  maximumShownBytes,
  type ProjectsJson,
  parseChroot,
  parseJsonAs,
  parseResult,
  projectsJsonSchema,
  published,
  type QueueSnapshot,
  queueSnapshotSchema,
  type SandboxesJson,
  type ServiceJson,
  sandboxesJsonSchema,
  serviceJsonSchema,
  shownJsonSchema,
} from '@coppice/config';
import { nothingWhenAbsent } from './absent.ts';
import { readRegularFile } from './regular-file.ts';
import type {
  BuildRecords,
  LogFile,
  OtherShown,
  ProjectEntry,
  QueueEntry,
  ResultRecord,
  SeenResult,
  SeenShown,
} from './site-model.ts';

/** Of the queue's snapshot, and of what the config states. */
const maximumJsonBytes = 256 * 1024 * 1024;

/** A schema of config/. */
type Schema<T> = Parameters<typeof parseJsonAs<T>>[1];

/** One sentence for each file that has to be left out. */
export type Report = (path: string, why: string) => void;

/** What the bot and the queue say at the moment; null where nothing is said. */
export interface Statements {
  readonly queue: QueueSnapshot | null;
  readonly projects: StatedProjects;
  readonly sandboxes: SandboxesJson | null;
  readonly service: ServiceJson | null;
}

/** What the config states: much where there are many projects, so that it is read only when it is another. */
export interface StatedProjects {
  /** Another text when it may be another, or what is said of sandboxes. */
  readonly seen: string;
  /** Null where nothing is said. */
  readonly read: () => Promise<ProjectsJson | null>;
}

interface CachedFile {
  readonly mtimeMs: number;
  readonly size: number;
  /** Null when the file is broken. */
  readonly value: unknown;
}

/** Reads the statements again and again; what did not change since, by modification time and size, is kept. */
export function openStatements(folder: string): (report: Report) => Promise<Statements> {
  const known = new Map<string, CachedFile>();

  async function readJson<T>(path: string, schema: Schema<T>, report: Report): Promise<T | null> {
    const now = await lstat(join(folder, path)).catch(nothingWhenAbsent);
    if (now === undefined) return null;
    const before = known.get(path);
    if (before?.mtimeMs === now.mtimeMs && before.size === now.size) return before.value as T | null;
    const value = await parseFile(folder, path, schema, report);
    known.set(path, { mtimeMs: now.mtimeMs, size: now.size, value });
    return value;
  }

  return async (report) => {
    const queue = await readJson(published.queueJson, queueSnapshotSchema, report);
    return {
      queue: queue && { ...queue, builds: queue.builds.filter((build) => isBuildPlace(build)) },
      projects: {
        seen: await seenOf(folder, [published.projectsJson, published.sandboxesJson]),
        read: async () => {
          const projects = await parseFile(folder, published.projectsJson, projectsJsonSchema, report);
          return projects && { ...projects, projects: projects.projects.filter(isProject) };
        },
      },
      sandboxes: await readJson(published.sandboxesJson, sandboxesJsonSchema, report),
      service: await readJson(published.serviceJson, serviceJsonSchema, report),
    };
  };
}

/** Null when there is none, and when it is broken, which is reported. */
async function parseFile<T>(folder: string, path: string, schema: Schema<T>, report: Report): Promise<T | null> {
  if ((await lstat(join(folder, path)).catch(nothingWhenAbsent)) === undefined) return null;
  const read = await readRegularFile(join(folder, path), maximumJsonBytes);
  const parsed = read.kind === 'text' ? parseJsonAs(read.text, schema) : read;
  if (parsed.kind === 'broken') report(path, parsed.why);
  return parsed.kind === 'value' ? parsed.value : null;
}

/** By modification times and sizes. */
async function seenOf(folder: string, paths: readonly string[]): Promise<string> {
  const about = await Promise.all(paths.map((path) => lstat(join(folder, path)).catch(nothingWhenAbsent)));
  return about.map((file) => (file === undefined ? 'none' : `${file.mtimeMs} ${file.size}`)).join('; ');
}

function isProject({ owner, name, packages }: ProjectEntry): boolean {
  return isPathOwner(owner) && isPathProject(name) && packages.every((entry) => isPathName(entry.name));
}

/** What was found of a build; `seen` are its results as they are on the disk, also those that cannot be used. */
export interface BuildReading extends BuildRecords {
  readonly seen: readonly SeenResult[];
}

/**
 * Reads the results and the logs of a build, in the folders of `chroots`. What stands as in `before` and is broken is
 * not reported again.
 */
export async function readBuild(
  folder: string,
  place: BuildPlace,
  about: {
    readonly chroots: readonly ChrootName[];
    readonly entry: QueueEntry | undefined;
    readonly before: readonly SeenResult[];
    readonly report: Report;
  },
): Promise<BuildReading> {
  const { chroots, entry, before, report } = about;
  const folders = [published.srpmBuild(place), ...chroots.map((chroot) => published.chrootBuild(place, chroot))];
  const read = await Promise.all(folders.map((path) => readResult(folder, `${path}/result.json`, before, report)));
  const queued = entry?.chroots.flatMap((each) => parseChroot(each.chroot)?.name ?? []) ?? [];
  const live = [published.srpmBuild(place), ...queued.map((chroot) => published.chrootBuild(place, chroot))];
  const logs = entry === undefined ? [] : live.map(async (path) => [path, await logsIn(join(folder, path))] as const);
  return {
    results: new Map(read.flatMap((each) => (each?.record ? [[each.seen.path, each.record] as const] : []))),
    seen: read.flatMap((each) => each?.seen ?? []),
    entry,
    liveLogs: new Map(await Promise.all(logs)),
  };
}

async function readResult(
  folder: string,
  path: string,
  before: readonly SeenResult[],
  report: Report,
): Promise<{ readonly seen: SeenResult; readonly record: ResultRecord | undefined } | undefined> {
  const file = join(folder, path);
  const about = await lstat(file).catch(nothingWhenAbsent);
  if (about === undefined) return undefined;
  const seen = { path, changed: about.mtimeMs, bytes: about.size };
  const old = before.find((each) => each.path === path);
  const isKnown = old?.changed === seen.changed && old.bytes === seen.bytes;
  const read = await readRegularFile(file, maximumResultBytes).catch((error: NodeJS.ErrnoException) => ({
    kind: 'broken' as const,
    why: `it cannot be read (${error.code})`,
  }));
  const parsed = read.kind === 'text' ? parseResult(read.text, posix.dirname(path)) : read;
  if (parsed.kind === 'result')
    return { seen, record: { result: parsed.result, logs: await logsIn(join(file, '..')) } };
  if (!isKnown) report(path, parsed.why);
  return { seen, record: undefined };
}

/** What the users of a repository get, where it is not the newest good build; undefined without a file of it. */
export async function readShown(
  folder: string,
  path: string,
  report: Report,
): Promise<{ readonly seen: SeenShown; readonly others: readonly Omit<OtherShown, 'chroot'>[] } | undefined> {
  const file = `${path}/shown.json`;
  const about = await lstat(join(folder, file)).catch(nothingWhenAbsent);
  if (about === undefined) return undefined;
  const seen = { changed: about.mtimeMs, bytes: about.size };
  const read = await readRegularFile(join(folder, file), maximumShownBytes);
  const parsed = read.kind === 'text' ? parseJsonAs(read.text, shownJsonSchema) : read;
  if (parsed.kind === 'broken') report(file, parsed.why);
  const packages = parsed.kind === 'value' ? parsed.value.packages : [];
  const others = new Map(
    packages.map(({ build, ...each }) => [
      each.package,
      { ...each, build: build === null ? null : Number.parseInt(build, 10) },
    ]),
  );
  return { seen, others: [...others.values()].filter((each) => isPathName(each.package)) };
}

/** The place of a build, by the path of one of its results; undefined for a path of another form. */
export function placeOf(path: string): (Omit<BuildPlace, 'package'> & { readonly package?: string }) | undefined {
  const parts = /^results\/([^/]+)\/([^/]+)\/([^/]+)\/(\d{8,15})(?:-([^/]+))?\/result\.json$/.exec(path);
  if (parts === null) return undefined;
  const [, owner = '', project = '', , id, name] = parts;
  if (!isPathOwner(owner) || !isPathProject(project) || (name !== undefined && !isPathName(name))) return undefined;
  const known = name === undefined ? {} : { package: name };
  return { id: Number(id) as BuildId, owner, project, ...known };
}

/** The folders of chroots of a project. */
export async function chrootFolders(folder: string, owner: string, project: string): Promise<readonly ChrootName[]> {
  const names = await foldersIn(join(folder, published.project(owner, project)));
  return names.flatMap((name) => parseChroot(name)?.name ?? []);
}

/** The package of a build of which only the source package is known. */
export async function packageOfSrpm(folder: string, place: Omit<BuildPlace, 'package'>): Promise<string | undefined> {
  const path = published.srpmBuild({ ...place, package: '' });
  const read = await readRegularFile(join(folder, path, 'result.json'), maximumResultBytes);
  const parsed = read.kind === 'text' ? parseResult(read.text, path) : undefined;
  return parsed?.kind === 'result' ? parsed.result.package : undefined;
}

export async function foldersIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(nothingWhenAbsent);
  return (entries ?? []).filter((entry) => entry.isDirectory()).map((entry) => entry.name);
}

async function logsIn(folder: string): Promise<readonly LogFile[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(nothingWhenAbsent);
  const logs = (entries ?? []).filter((entry) => entry.isFile() && entry.name.endsWith('.log'));
  const sized = logs.map(async ({ name }) => ({ file: name, bytes: (await stat(join(folder, name))).size }));
  return (await Promise.all(sized)).sort((a, b) => a.file.localeCompare(b.file, 'en'));
}
