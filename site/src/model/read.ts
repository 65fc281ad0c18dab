// Effects: reads what the runner and the bot left in `published/`. What is broken is reported and left out, never
// fatal.
import { lstat, readdir, stat } from 'node:fs/promises';
import { join, posix } from 'node:path';
import {
  isBuildPlace,
  isPathName,
  isPathOwner,
  isPathProject,
  maximumResultBytes,
  parseChroot,
  parseJsonAs,
  parseResult,
  projectsJsonSchema,
  published,
  queueSnapshotSchema,
  sandboxesJsonSchema,
} from '@coppice/config';
import { nothingWhenAbsent } from './absent.ts';
import type { SiteChange } from './changes.ts';
import { readRegularFile } from './regular-file.ts';
import type { LogFile, ProjectEntry, ResultRecord, SiteRecords } from './site-model.ts';

/** Of the queue's snapshot, and of what the config states. */
const maximumJsonBytes = 256 * 1024 * 1024;

/** A schema of config/. */
type Schema<T> = Parameters<typeof parseJsonAs<T>>[1];

interface CachedFile<T> {
  readonly mtimeMs: number;
  readonly size: number;
  /** Null when the file is broken. */
  readonly value: T | null;
}

/** Reads one `published/` folder again and again; keeps what did not change since, by modification time and size. */
export interface SiteReader {
  /** `problems`: one sentence for each file that had to be left out and was not reported before. */
  read(changes: 'all' | readonly SiteChange[]): Promise<{ records: SiteRecords; problems: readonly string[] }>;
}

/** A reader without memory yet: its first read looks at everything. `folder` is the absolute path of `published/`. */
export function openSiteReader(folder: string): SiteReader {
  const results = new Map<string, CachedFile<ResultRecord>>();
  const jsons = new Map<string, CachedFile<unknown>>();
  let complete = false;

  async function read(changes: 'all' | readonly SiteChange[]) {
    const problems: string[] = [];
    const report = (path: string, why: string) => problems.push(`${path} is left out of the site: ${why}`);
    if (changes === 'all' || !complete) {
      const found = new Set(await findResults(folder));
      for (const path of results.keys()) if (!found.has(path)) results.delete(path);
      await inGroups([...found], (path) => refreshOrReport(path));
      complete = true;
    } else {
      await inGroups(await resultsOf(folder, changes), (path) => refreshOrReport(path));
    }
    const queue = await readJson(published.queueJson, queueSnapshotSchema);
    const projects = await readJson(published.projectsJson, projectsJsonSchema);
    const sandboxes = await readJson(published.sandboxesJson, sandboxesJsonSchema);
    const liveLogs = new Map<string, readonly LogFile[]>();
    const live = (queue?.builds ?? []).filter((build) => isBuildPlace(build));
    for (const build of live) {
      const chroots = build.chroots.flatMap((queued) => parseChroot(queued.chroot)?.name ?? []);
      const folders = [published.srpmBuild(build), ...chroots.map((chroot) => published.chrootBuild(build, chroot))];
      for (const path of folders) liveLogs.set(path, await logsIn(join(folder, path)));
    }
    const known = new Map<string, ResultRecord>();
    for (const [path, { value }] of results) if (value !== null) known.set(path, value);
    const records: SiteRecords = {
      results: known,
      liveLogs,
      queue: queue && { ...queue, builds: live },
      projects: projects && {
        ...projects,
        projects: projects.projects.filter(isProject),
      },
      sandboxes,
    };
    return { records, problems };

    /** One that cannot be read now stays as it was known, and is looked at again when it is told of, or all is. */
    async function refreshOrReport(path: string): Promise<void> {
      await refresh(path).catch((error: NodeJS.ErrnoException) => report(path, `it cannot be read (${error.code})`));
    }

    async function refresh(path: string): Promise<void> {
      const file = join(folder, path);
      const before = results.get(path);
      const now = await lstat(file).catch(nothingWhenAbsent);
      if (now === undefined) results.delete(path);
      else if (before === undefined || before.mtimeMs !== now.mtimeMs || before.size !== now.size) {
        results.set(path, { mtimeMs: now.mtimeMs, size: now.size, value: await readResult(file, path) });
      }
    }

    async function readResult(file: string, path: string): Promise<ResultRecord | null> {
      const text = await readRegularFile(file, maximumResultBytes);
      const read = text.kind === 'text' ? parseResult(text.text, posix.dirname(path)) : text;
      if (read.kind === 'result') return { result: read.result, logs: await logsIn(join(file, '..')) };
      report(path, read.why);
      return null;
    }

    async function readJson<T>(path: string, schema: Schema<T>): Promise<T | null> {
      const now = await lstat(join(folder, path)).catch(nothingWhenAbsent);
      if (now === undefined) return null;
      const before = jsons.get(path);
      if (before?.mtimeMs === now.mtimeMs && before.size === now.size) return before.value as T | null;
      const read = await readRegularFile(join(folder, path), maximumJsonBytes);
      const parsed = read.kind === 'text' ? parseJsonAs(read.text, schema) : read;
      if (parsed.kind === 'broken') report(path, parsed.why);
      const value = parsed.kind === 'value' ? parsed.value : null;
      jsons.set(path, { mtimeMs: now.mtimeMs, size: now.size, value });
      return value;
    }
  }

  return { read };
}

function isProject({ owner, name, packages }: ProjectEntry): boolean {
  return isPathOwner(owner) && isPathProject(name) && packages.every((entry) => isPathName(entry.name));
}

async function findResults(folder: string): Promise<string[]> {
  const found: string[] = [];
  for (const owner of await foldersIn(join(folder, 'results'))) {
    for (const project of await foldersIn(join(folder, 'results', owner))) {
      for (const chroot of await foldersIn(join(folder, 'results', owner, project))) {
        for (const build of await foldersIn(join(folder, 'results', owner, project, chroot))) {
          if (/^\d{8}/.test(build)) found.push(`results/${owner}/${project}/${chroot}/${build}/result.json`);
        }
      }
    }
  }
  return found;
}

async function resultsOf(folder: string, changes: readonly SiteChange[]): Promise<string[]> {
  const found = new Set<string>();
  for (const change of changes.filter((each) => isBuildPlace(each))) {
    found.add(`${published.srpmBuild(change)}/result.json`);
    for (const name of await foldersIn(join(folder, published.project(change.owner, change.project)))) {
      const chroot = parseChroot(name);
      if (chroot !== undefined) found.add(`${published.chrootBuild(change, chroot.name)}/result.json`);
    }
  }
  return [...found];
}

async function foldersIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(nothingWhenAbsent);
  return (entries ?? []).filter((entry) => entry.isDirectory()).map((entry) => entry.name);
}

async function logsIn(folder: string): Promise<readonly LogFile[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(nothingWhenAbsent);
  const logs = (entries ?? []).filter((entry) => entry.isFile() && entry.name.endsWith('.log'));
  const sized = logs.map(async ({ name }) => ({ file: name, bytes: (await stat(join(folder, name))).size }));
  return (await Promise.all(sized)).sort((a, b) => a.file.localeCompare(b.file, 'en'));
}

/** Runs 32 at a time: fast, and far from the limit of open files. */
async function inGroups<T>(items: readonly T[], act: (item: T) => Promise<void>): Promise<void> {
  for (let at = 0; at < items.length; at += 32) await Promise.all(items.slice(at, at + 32).map(act));
}
