// What the pages are made of: every build with what is known of it, and the projects. It is kept in a file beside the
// results, so that one change costs the same however many builds there are, and a start reads nothing again.
import type { DatabaseSync } from 'node:sqlite';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { type BuildState, isFinal } from '@coppice/config';
import type {
  Build,
  ChrootRun,
  OtherShown,
  ProjectEntry,
  SeenResult,
  SeenShown,
  SiteProject,
} from '../model/site-model.ts';
import { Catalog } from './catalog.ts';
import { type Row, Statements, type Value } from './statements.ts';

/** A package that was built in a chroot and does not build there now. */
export interface Regression {
  /** `owner/project`. */
  readonly project: string;
  readonly package: string;
  readonly chroot: string;
  /** The build that failed, and the last good one. */
  readonly build: number;
  readonly good: number | null;
}

/** Packages of a chroot whose newest build that says so has this state. */
export interface Standing {
  readonly chroot: string;
  readonly state: BuildState;
  readonly packages: number;
}

/** Builds that ended on a day (`YYYY-MM-DD`, UTC) in this state; sums of seconds. */
export interface DayCount {
  readonly day: string;
  readonly state: BuildState;
  readonly builds: number;
  readonly waited: number;
  readonly worked: number;
}

/** The builds of a package in a chroot. */
export interface RunPlace {
  /** `owner/project`. */
  readonly project: string;
  readonly package: string;
  readonly chroot: string;
}

/** Which builds to list. */
export interface BuildQuery {
  readonly owner?: string;
  /** `owner/project`. Default: of all. */
  readonly project?: string;
  readonly package?: string;
  /** Default: both. */
  readonly live?: boolean;
}

export class History {
  /** What packages say of themselves, and what is found. */
  readonly catalog: Catalog;
  readonly #database: DatabaseSync;
  readonly #statements: Statements;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#statements = new Statements(database);
    this.catalog = new Catalog(this.#statements);
  }

  close(): void {
    this.#database.close();
  }

  /** All of it is kept, or nothing. */
  atOnce<T>(work: () => T): T {
    this.#database.exec('BEGIN');
    try {
      const result = work();
      this.#database.exec('COMMIT');
      return result;
    } catch (error) {
      // With a full disk SQLite has rolled back by itself, and would say of a second time that there is nothing to do.
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  fact(name: string): string | undefined {
    return this.#statements.one('SELECT value FROM facts WHERE name = ?', name)?.value as string | undefined;
  }

  setFact(name: string, value: string): void {
    this.#statements.run('INSERT OR REPLACE INTO facts VALUES (?, ?)', name, value);
  }

  // What was seen on the disk.

  seenFolder(path: string): number | undefined {
    return this.#statements.one('SELECT changed FROM folders WHERE path = ?', path)?.changed as number | undefined;
  }

  seenFolders(): readonly string[] {
    return this.#statements.all('SELECT path FROM folders').map(({ path }) => path as string);
  }

  /** `changed`: milliseconds since 1970, 0 when it is to be listed again anyway; undefined when it is gone. */
  noteFolder(path: string, changed: number | undefined): void {
    if (changed === undefined) this.#statements.run('DELETE FROM folders WHERE path = ?', path);
    else this.#statements.run('INSERT OR REPLACE INTO folders VALUES (?, ?)', path, changed);
  }

  seenResult(path: string): SeenResult | undefined {
    return this.#statements.one('SELECT path, changed, bytes FROM results WHERE path = ?', path) as
      | SeenResult
      | undefined;
  }

  /** Of one build, or of all below a folder (with a slash at the end). */
  seenResults(of: { readonly project: string; readonly build: number } | string): readonly SeenResult[] {
    const rows =
      typeof of === 'string'
        ? this.#statements.all(
            'SELECT path, changed, bytes FROM results WHERE path > ? AND path < ?',
            of,
            `${of}\u{10ffff}`,
          )
        : this.#statements.all(
            'SELECT path, changed, bytes FROM results WHERE project = ? AND build = ?',
            of.project,
            of.build,
          );
    return rows as unknown as readonly SeenResult[];
  }

  noteResult(of: { readonly project: string; readonly build: number }, { path, changed, bytes }: SeenResult): void {
    this.#statements.run(
      'INSERT OR REPLACE INTO results VALUES (?, ?, ?, ?, ?)',
      path,
      of.project,
      of.build,
      changed,
      bytes,
    );
    // A folder that was never listed may vanish all the same.
    this.#statements.run('INSERT OR IGNORE INTO folders VALUES (?, 0)', path.split('/').slice(0, -2).join('/'));
  }

  forgetResult(path: string): void {
    this.#statements.run('DELETE FROM results WHERE path = ?', path);
  }

  // Builds.

  /** `isQueued`: the queue knows of it. */
  saveBuild(build: Build, isQueued = false): void {
    const project = `${build.owner}/${build.project}`;
    const before = this.build(build.id);
    if (before !== undefined) this.#dropBuild(before);
    this.#statements.run(
      'INSERT INTO builds VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
      ...[build.id, project, build.package, build.state, isFinal(build.state) ? 0 : 1, isQueued ? 1 : 0],
      ...[build.endedAt, deflateRawSync(JSON.stringify(build), { level: 3 })],
    );
    this.#statements.run(
      'INSERT INTO projects (project, builds) VALUES (?, 1) ON CONFLICT DO UPDATE SET builds = builds + 1',
      project,
    );
    this.#statements.run(
      'INSERT INTO packages VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET builds = builds + 1',
      ...[project, build.package],
    );
    for (const run of build.chroots)
      this.#statements.run(
        'INSERT OR REPLACE INTO runs VALUES (?, ?, ?, ?, ?, ?)',
        ...[project, build.package, run.chroot, build.id, run.state, secondsOf(run)],
      );
    this.#countDay(build, 1);
    this.#noteNewest(before);
    this.#noteNewest(build);
    if (before !== undefined) this.#noteUndescribed(before);
    this.#noteUndescribed(build);
  }

  noteQueued(id: number, isQueued: boolean): void {
    this.#statements.run('UPDATE builds SET queued = ? WHERE id = ?', isQueued ? 1 : 0, id);
  }

  removeBuild(build: Build): void {
    this.#dropBuild(build);
    this.#noteNewest(build);
    this.#noteUndescribed(build);
  }

  #noteUndescribed({ owner, project, package: name }: Build): void {
    this.catalog.noteUndescribed(`${owner}/${project}`, name);
    this.catalog.noteUndescribed(`${owner}/${project}`, '');
  }

  #dropBuild(build: Build): void {
    const project = `${build.owner}/${build.project}`;
    this.#countDay(build, -1);
    this.#statements.run('DELETE FROM builds WHERE id = ?', build.id);
    this.#statements.run('DELETE FROM runs WHERE build = ?', build.id);
    this.#statements.run('UPDATE projects SET builds = builds - 1 WHERE project = ?', project);
    this.#statements.run(
      'UPDATE packages SET builds = builds - 1 WHERE project = ? AND package = ?',
      project,
      build.package,
    );
    this.#statements.run(
      'DELETE FROM packages WHERE project = ? AND package = ? AND builds = 0',
      project,
      build.package,
    );
    this.#statements.run('DELETE FROM projects WHERE project = ? AND builds = 0 AND entry IS NULL', project);
  }

  #noteNewest(build: Build | undefined): void {
    if (build === undefined) return;
    const project = `${build.owner}/${build.project}`;
    for (const { chroot } of build.chroots) {
      const key = [project, build.package, chroot];
      const newest = (and: string) => {
        const where = `project = ? AND package = ? AND chroot = ?${and}`;
        return (
          this.#statements.one(`SELECT build FROM runs WHERE ${where} ORDER BY build DESC LIMIT 1`, ...key)?.build ??
          null
        );
      };
      const before = this.#statements.one(
        'SELECT told FROM newest WHERE project = ? AND package = ? AND chroot = ?',
        ...key,
      );
      const last = newest('');
      let told: Value = null;
      if (last === null)
        this.#statements.run('DELETE FROM newest WHERE project = ? AND package = ? AND chroot = ?', ...key);
      else {
        const telling = newest(" AND state NOT IN ('skipped', 'canceled')") ?? last;
        const good = newest(" AND state = 'succeeded'");
        const where = 'project = ? AND package = ? AND chroot = ? AND build = ?';
        told = this.#statements.one(`SELECT state FROM runs WHERE ${where}`, ...key, telling)?.state ?? null;
        this.#statements.run(
          'INSERT OR REPLACE INTO newest VALUES (?, ?, ?, ?, ?, ?, ?)',
          ...key,
          last,
          telling,
          told,
          good,
        );
      }
      if (before?.told === told) continue;
      this.#countChroot(chroot, before?.told, -1);
      this.#countChroot(chroot, told, 1);
    }
  }

  #countChroot(chroot: string, told: Value | undefined, by: number): void {
    if (told === undefined || told === null) return;
    this.#statements.run(
      'INSERT INTO chroots VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET packages = packages + excluded.packages',
      ...[chroot, told, by],
    );
    this.#statements.run('DELETE FROM chroots WHERE chroot = ? AND packages = 0', chroot);
  }

  #countDay(build: Build, by: number): void {
    const { endedAt, startedAt, requestedAt, state } = build;
    if (endedAt === null || !isFinal(state)) return;
    const waited = startedAt === null ? 0 : secondsBetween(requestedAt, startedAt);
    const worked = startedAt === null ? 0 : secondsBetween(startedAt, endedAt);
    this.#statements.run(
      'INSERT INTO days VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET builds = builds + excluded.builds, waited = waited + excluded.waited, worked = worked + excluded.worked',
      // In whole milliseconds: sums do not depend on the order.
      ...[endedAt.slice(0, 10), state, by, by * Math.round(waited * 1000), by * Math.round(worked * 1000)],
    );
    this.#statements.run('DELETE FROM days WHERE day = ? AND builds = 0', endedAt.slice(0, 10));
  }

  build(id: number): Build | undefined {
    return buildOf(this.#statements.one('SELECT body FROM builds WHERE id = ?', id));
  }

  /** The newest ones first, at most `limit`. */
  newestBuilds(query: BuildQuery, limit: number): readonly Build[] {
    const { where, values } = conditionOf(query);
    const rows = this.#statements.all(`SELECT body FROM builds ${where} ORDER BY id DESC LIMIT ?`, ...values, limit);
    return rows.flatMap((row) => buildOf(row) ?? []);
  }

  /** Those that have ended, the last one first, at most `limit`. */
  lastEnded(
    query: Pick<BuildQuery, 'owner' | 'project'> & { readonly failed?: boolean },
    limit: number,
  ): readonly Build[] {
    const { where, values } = conditionOf({ ...query, live: false });
    const rows = this.#statements.all(
      `SELECT body FROM builds ${where} ORDER BY ended DESC, id DESC LIMIT ?`,
      ...values,
      limit,
    );
    return rows.flatMap((row) => buildOf(row) ?? []);
  }

  /** The oldest ones first, `limit` from the one number `offset` on. */
  buildsFrom(query: BuildQuery, offset: number, limit: number): readonly Build[] {
    const { where, values } = conditionOf(query);
    const rows = this.#statements.all(
      `SELECT body FROM builds ${where} ORDER BY id LIMIT ? OFFSET ?`,
      ...values,
      limit,
      offset,
    );
    return rows.flatMap((row) => buildOf(row) ?? []);
  }

  /** Places of builds, the lowest number first, above `after`. */
  placesFrom(after: number, limit: number): readonly { id: number; project: string; package: string }[] {
    const rows = this.#statements.all(
      'SELECT id, project, package FROM builds WHERE id > ? ORDER BY id LIMIT ?',
      after,
      limit,
    );
    return rows as unknown as readonly { id: number; project: string; package: string }[];
  }

  /** The builds numbered from `from` to before `until`, the newest first: all, or those of a project. */
  buildsBetween(from: number, until: number, query: Pick<BuildQuery, 'project'> = {}): readonly Build[] {
    const { where, values } = conditionOf(query);
    const sql = `SELECT body FROM builds ${where === '' ? 'WHERE' : `${where} AND`} id >= ? AND id < ? ORDER BY id DESC`;
    return this.#statements.all(sql, ...values, from, until).flatMap((row) => buildOf(row) ?? []);
  }

  /** The highest number below `id`, and the lowest from `id` on, of the builds of a project or of all. */
  numberBelow(id: number, query: Pick<BuildQuery, 'project'> = {}): number | undefined {
    return this.#number('max(id)', query, '<', id);
  }

  numberFrom(id: number, query: Pick<BuildQuery, 'project'> = {}): number | undefined {
    return this.#number('min(id)', query, '>=', id);
  }

  #number(which: string, query: Pick<BuildQuery, 'project'>, than: '<' | '>=', id: number): number | undefined {
    const { where, values } = conditionOf(query);
    const sql = `SELECT ${which} AS id FROM builds ${where === '' ? 'WHERE' : `${where} AND`} id ${than} ?`;
    return (this.#statements.one(sql, ...values, id)?.id ?? undefined) as number | undefined;
  }

  /** How many builds there are. */
  countBuilds({ project, package: name }: Pick<BuildQuery, 'project' | 'package'>): number {
    if (project === undefined)
      return (this.#statements.one('SELECT coalesce(sum(builds), 0) AS n FROM projects')?.n ?? 0) as number;
    const row =
      name === undefined
        ? this.#statements.one('SELECT builds FROM projects WHERE project = ?', project)
        : this.#statements.one('SELECT builds FROM packages WHERE project = ? AND package = ?', project, name);
    return (row?.builds ?? 0) as number;
  }

  /** How many of them have a lower number. */
  rankOf(id: number, query: Pick<BuildQuery, 'project' | 'package'>): number {
    const { where, values } = conditionOf(query);
    // Those that come after it are few, as a rule: new builds have the highest numbers.
    const sql = `SELECT count(*) AS n FROM builds ${where === '' ? 'WHERE' : `${where} AND`} id >= ?`;
    return this.countBuilds(query) - ((this.#statements.one(sql, ...values, id)?.n ?? 0) as number);
  }

  /** Seconds that the last good builds of a package took in a chroot, of those numbered lower: the newest first. */
  secondsOfGoodRuns(of: RunPlace, below: number, limit: number): readonly number[] {
    const where = "project = ? AND package = ? AND chroot = ? AND build < ? AND state = 'succeeded'";
    const sql = `SELECT seconds FROM runs WHERE ${where} ORDER BY build DESC LIMIT ?`;
    const rows = this.#statements.all(sql, of.project, of.package, of.chroot, below, limit);
    return rows.flatMap(({ seconds }) => (typeof seconds === 'number' ? [seconds] : []));
  }

  /** The last build below `id` in which a package was good in a chroot. */
  goodBelow({ project, package: name, chroot }: RunPlace, id: number): number | undefined {
    const where = "project = ? AND package = ? AND chroot = ? AND build < ? AND state = 'succeeded'";
    const sql = `SELECT max(build) AS build FROM runs WHERE ${where}`;
    return (this.#statements.one(sql, project, name, chroot, id)?.build ?? undefined) as number | undefined;
  }

  /**
   * The builds above `id`, up to the next good one, that went well or failed: this is, was or could be their last good
   * one.
   */
  buildsSince({ project, package: name, chroot }: RunPlace, id: number): readonly number[] {
    const where = 'project = ? AND package = ? AND chroot = ? AND build > ?';
    const next = `SELECT min(build) FROM runs WHERE ${where} AND state = 'succeeded'`;
    const sql = `SELECT build FROM runs WHERE ${where} AND build <= coalesce((${next}), build) AND state IN ('succeeded', 'failed')`;
    const place = [project, name, chroot, id];
    return this.#statements.all(sql, ...place, ...place).map(({ build }) => build as number);
  }

  newestGoodBuild(project: string, name: string): Build | undefined {
    const where = "project = ? AND package = ? AND state = 'succeeded'";
    return buildOf(
      this.#statements.one(`SELECT body FROM builds WHERE ${where} ORDER BY id DESC LIMIT 1`, project, name),
    );
  }

  /** Builds that the queue knew of when they were kept. */
  queuedNumbers(): readonly number[] {
    return this.#statements.all('SELECT id FROM builds WHERE queued = 1').map(({ id }) => id as number);
  }

  // Projects.

  /** Whether the config states something else of a project than what is kept. */
  isOther(project: string, entry: ProjectEntry | null, lifetime: SiteProject['lifetime']): boolean {
    const before = this.#statements.one('SELECT entry, lifetime FROM projects WHERE project = ?', project);
    return (before?.entry ?? null) !== textOf(entry) || (before?.lifetime ?? null) !== textOf(lifetime);
  }

  saveEntry(project: string, entry: ProjectEntry | null, lifetime: SiteProject['lifetime']): void {
    const stated = [...(this.entryOf(project)?.entry?.packages ?? []), ...(entry?.packages ?? [])];
    for (const name of ['', ...stated.map((known) => known.name)]) this.catalog.noteUndescribed(project, name);
    this.#statements.run(
      'INSERT INTO projects (project, entry, lifetime) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET entry = excluded.entry, lifetime = excluded.lifetime',
      ...[project, textOf(entry), textOf(lifetime)],
    );
    this.#statements.run('DELETE FROM projects WHERE project = ? AND builds = 0 AND entry IS NULL', project);
  }

  /** `owner/project`, in the order of their bytes. */
  projectKeys(): readonly string[] {
    return this.#statements
      .all('SELECT project FROM projects ORDER BY project')
      .map(({ project }) => project as string);
  }

  /** Those of an owner, in the order of their bytes. */
  projectKeysOf(owner: string): readonly string[] {
    const rows = this.#statements.all(
      'SELECT project FROM projects WHERE project > ? AND project < ? ORDER BY project',
      `${owner}/`,
      `${owner}0`,
    );
    return rows.map(({ project }) => project as string);
  }

  /** Those that are to be shown first. */
  pinnedKeys(): readonly string[] {
    const rows = this.#statements.all("SELECT project FROM projects WHERE entry ->> '$.pinned' = 1 ORDER BY project");
    return rows.map(({ project }) => project as string);
  }

  /** Those that the config states. */
  statedKeys(): readonly string[] {
    const rows = this.#statements.all('SELECT project FROM projects WHERE entry IS NOT NULL ORDER BY project');
    return rows.map(({ project }) => project as string);
  }

  entryOf(project: string): Pick<SiteProject, 'entry' | 'lifetime'> | undefined {
    const row = this.#statements.one('SELECT entry, lifetime FROM projects WHERE project = ?', project);
    if (row === undefined) return undefined;
    const read = (text: unknown) => (text === null ? null : JSON.parse(text as string));
    return { entry: read(row.entry), lifetime: read(row.lifetime) };
  }

  /** Packages of which there are builds. */
  builtPackages(project: string): readonly string[] {
    const rows = this.#statements.all('SELECT package FROM packages WHERE project = ?', project);
    return rows.map((row) => row.package as string);
  }

  packageCount(): number {
    return (this.#statements.one('SELECT count(*) AS n FROM packages')?.n ?? 0) as number;
  }

  builtChroots(project: string): readonly string[] {
    const rows = this.#statements.all('SELECT DISTINCT chroot FROM newest WHERE project = ?', project);
    return rows.map((row) => row.chroot as string);
  }

  /** The numbers of the builds that say how each package stands in each chroot. */
  tellingBuilds(project: string, name?: string): ReadonlySet<number> {
    const [and, values] = name === undefined ? ['', [project]] : [' AND package = ?', [project, name]];
    const rows = this.#statements.all(`SELECT last, telling, good FROM newest WHERE project = ?${and}`, ...values);
    const numbers = rows.flatMap(({ last, telling, good }) => [last, telling, good]);
    return new Set(numbers.filter((each): each is number => each !== null));
  }

  // What is counted, and what stands out.

  /** Packages whose last build failed in a chroot where they were built before, the newest first. */
  regressions(limit: number): readonly Regression[] {
    const from = "SELECT project, package, chroot, telling AS build, good FROM newest WHERE told = 'failed'";
    const sql = `${from} AND good IS NOT NULL AND project NOT LIKE '%:pr:%' ORDER BY telling DESC LIMIT ?`;
    return this.#statements.all(sql, limit) as unknown as readonly Regression[];
  }

  /** Of a project or of all: in each chroot how many packages stand how. */
  standing(project?: string): readonly Standing[] {
    const rows =
      project === undefined
        ? this.#statements.all('SELECT chroot, told AS state, packages FROM chroots ORDER BY chroot')
        : this.#statements.all(
            'SELECT chroot, told AS state, count(*) AS packages FROM newest WHERE project = ? GROUP BY chroot, told',
            project,
          );
    return rows as unknown as readonly Standing[];
  }

  /** The newest builds that failed in a chroot, by package, and which built before. */
  failing(chroot: string, limit: number): readonly Omit<Regression, 'chroot'>[] {
    const from = "SELECT project, package, telling AS build, good FROM newest WHERE chroot = ? AND told = 'failed'";
    return this.#statements.all(
      `${from} ORDER BY telling DESC LIMIT ?`,
      chroot,
      limit,
    ) as unknown as readonly Regression[];
  }

  /** The last days on which builds ended, the oldest first. */
  days(limit: number): readonly DayCount[] {
    const last = '(SELECT DISTINCT day FROM days ORDER BY day DESC LIMIT ?)';
    const rows = this.#statements.all(
      `SELECT day, state, builds, waited / 1000.0 AS waited, worked / 1000.0 AS worked FROM days WHERE day IN ${last} ORDER BY day, state`,
      limit,
    );
    return rows as unknown as readonly DayCount[];
  }

  // What users get.

  seenShown(project: string, chroot: string): SeenShown | undefined {
    const row = this.#statements.one(
      'SELECT changed, bytes FROM shown_files WHERE project = ? AND chroot = ?',
      project,
      chroot,
    );
    return row as SeenShown | undefined;
  }

  /** The repositories whose users get other builds than the newest good ones. */
  shownFiles(): readonly { readonly project: string; readonly chroot: string }[] {
    return this.#statements.all('SELECT project, chroot FROM shown_files') as unknown as ReturnType<
      History['shownFiles']
    >;
  }

  /** Instead of all that is kept of the repository; `seen` is undefined when there is no file any more. */
  saveShown(project: string, chroot: string, seen: SeenShown | undefined, others: readonly OtherShown[]): void {
    this.#statements.run('DELETE FROM shown WHERE project = ? AND chroot = ?', project, chroot);
    this.#statements.run('DELETE FROM shown_files WHERE project = ? AND chroot = ?', project, chroot);
    if (seen !== undefined)
      this.#statements.run('INSERT INTO shown_files VALUES (?, ?, ?, ?)', project, chroot, seen.changed, seen.bytes);
    for (const { package: name, build, version, why } of others)
      this.#statements.run('INSERT INTO shown VALUES (?, ?, ?, ?, ?, ?)', project, chroot, name, build, version, why);
  }

  /** Of all packages of a project, or of one. */
  othersShown(project: string, name?: string): readonly OtherShown[] {
    const [and, values] = name === undefined ? ['', [project]] : [' AND package = ?', [project, name]];
    const sql = `SELECT package, chroot, build, version, why FROM shown WHERE project = ?${and} ORDER BY package, chroot`;
    return this.#statements.all(sql, ...values) as unknown as readonly OtherShown[];
  }

  /** The numbers of a package's builds above `after`. */
  buildsAbove(project: string, name: string, after: number): readonly number[] {
    const sql = 'SELECT id FROM builds WHERE project = ? AND package = ? AND id > ?';
    return this.#statements.all(sql, project, name, after).map(({ id }) => id as number);
  }

  /** Of each chroot, in the order of their names: the newest build of a package that gave packages. */
  goodRuns(project: string, name: string): readonly { readonly build: Build; readonly run: ChrootRun }[] {
    const sql =
      'SELECT chroot, good FROM newest WHERE project = ? AND package = ? AND good IS NOT NULL ORDER BY chroot';
    const builds = new Map<number, Build | undefined>();
    return this.#statements.all(sql, project, name).flatMap(({ chroot, good }) => {
      const id = good as number;
      if (!builds.has(id)) builds.set(id, this.build(id));
      const build = builds.get(id);
      const run = build?.chroots.find((one) => one.chroot === chroot);
      return build === undefined || run === undefined ? [] : [{ build, run }];
    });
  }

  // Pages that are to be written.

  /** A page or a file of a list, by its path inside `published/`: to be written, or removed when there is nothing. */
  owe(path: string): void {
    this.#statements.run('INSERT OR IGNORE INTO owed VALUES (?)', path);
  }

  /** At most `limit` paths behind `after`, in the order of their bytes. */
  owed(after: string, limit: number): readonly string[] {
    return this.#statements
      .all('SELECT path FROM owed WHERE path > ? ORDER BY path LIMIT ?', after, limit)
      .map(({ path }) => path as string);
  }

  isOwed(path: string): boolean {
    return this.#statements.one('SELECT 1 FROM owed WHERE path = ?', path) !== undefined;
  }

  settle(path: string): void {
    this.#statements.run('DELETE FROM owed WHERE path = ?', path);
  }
}

/** What a run took on its builder; null while it has not ended, and of what a sandbox built before. */
function secondsOf({ startedAt, endedAt, promotedFrom }: ChrootRun): number | null {
  if (startedAt === null || endedAt === null || promotedFrom !== undefined) return null;
  return secondsBetween(startedAt, endedAt);
}

function secondsBetween(from: string, until: string): number {
  return Math.max(0, (Date.parse(until) - Date.parse(from)) / 1000);
}

function conditionOf(query: BuildQuery & { readonly failed?: boolean }): {
  where: string;
  values: (string | number)[];
} {
  const { owner, project, package: name, live, failed } = query;
  const conditions: string[] = [];
  const values: (string | number)[] = [];
  if (owner !== undefined) {
    conditions.push('owner = ?');
    values.push(owner);
  }
  if (project !== undefined) {
    conditions.push('project = ?');
    values.push(project);
  }
  if (name !== undefined) {
    conditions.push('package = ?');
    values.push(name);
  }
  // Partial indexes are taken for what is written out.
  if (live !== undefined) conditions.push(`live = ${live ? 1 : 0}`);
  if (failed) conditions.push("state = 'failed'");
  return { where: conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`, values };
}

function textOf(value: object | null): string | null {
  return value && JSON.stringify(value);
}

function buildOf(row: Row | undefined): Build | undefined {
  return row === undefined ? undefined : JSON.parse(inflateRawSync(row.body as Uint8Array).toString());
}
