// What the pages are made of: every build with what is known of it, and the projects. It is kept in a file beside the
// results, so that one change costs the same however many builds there are, and a start reads nothing again.
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { isFinal } from '@coppice/config';
import type { Build, ProjectEntry, SeenResult, SiteProject } from '../model/site-model.ts';

/** Which builds to list. */
export interface BuildQuery {
  readonly owner?: string;
  /** `owner/project`. Default: of all. */
  readonly project?: string;
  readonly package?: string;
  /** Default: both. */
  readonly live?: boolean;
}

type Value = string | number | null | Uint8Array;
type Row = Record<string, Value>;

export class History {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(database: DatabaseSync) {
    this.#database = database;
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
      this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  fact(name: string): string | undefined {
    return this.#one('SELECT value FROM facts WHERE name = ?', name)?.value as string | undefined;
  }

  setFact(name: string, value: string): void {
    this.#run('INSERT OR REPLACE INTO facts VALUES (?, ?)', name, value);
  }

  // What was seen on the disk.

  seenFolder(path: string): number | undefined {
    return this.#one('SELECT changed FROM folders WHERE path = ?', path)?.changed as number | undefined;
  }

  seenFolders(): readonly string[] {
    return this.#all('SELECT path FROM folders').map(({ path }) => path as string);
  }

  /** `changed`: milliseconds since 1970, 0 when it is to be listed again anyway; undefined when it is gone. */
  noteFolder(path: string, changed: number | undefined): void {
    if (changed === undefined) this.#run('DELETE FROM folders WHERE path = ?', path);
    else this.#run('INSERT OR REPLACE INTO folders VALUES (?, ?)', path, changed);
  }

  seenResult(path: string): SeenResult | undefined {
    return this.#one('SELECT path, changed, bytes FROM results WHERE path = ?', path) as SeenResult | undefined;
  }

  /** Of one build, or of all below a folder (with a slash at the end). */
  seenResults(of: { readonly project: string; readonly build: number } | string): readonly SeenResult[] {
    const rows =
      typeof of === 'string'
        ? this.#all('SELECT path, changed, bytes FROM results WHERE path > ? AND path < ?', of, `${of}\u{10ffff}`)
        : this.#all('SELECT path, changed, bytes FROM results WHERE project = ? AND build = ?', of.project, of.build);
    return rows as unknown as readonly SeenResult[];
  }

  noteResult(of: { readonly project: string; readonly build: number }, { path, changed, bytes }: SeenResult): void {
    this.#run('INSERT OR REPLACE INTO results VALUES (?, ?, ?, ?, ?)', path, of.project, of.build, changed, bytes);
    // A folder that was never listed may vanish all the same.
    this.#run('INSERT OR IGNORE INTO folders VALUES (?, 0)', path.split('/').slice(0, -2).join('/'));
  }

  forgetResult(path: string): void {
    this.#run('DELETE FROM results WHERE path = ?', path);
  }

  // Builds.

  /** `isQueued`: the queue knows of it. */
  saveBuild(build: Build, isQueued = false): void {
    const project = `${build.owner}/${build.project}`;
    const before = this.build(build.id);
    if (before !== undefined) this.#dropBuild(before);
    this.#run(
      'INSERT INTO builds VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
      ...[build.id, project, build.package, build.state, isFinal(build.state) ? 0 : 1, isQueued ? 1 : 0],
      ...[build.endedAt, deflateRawSync(JSON.stringify(build), { level: 3 })],
    );
    this.#run(
      'INSERT INTO projects (project, builds) VALUES (?, 1) ON CONFLICT DO UPDATE SET builds = builds + 1',
      project,
    );
    this.#run(
      'INSERT INTO packages VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET builds = builds + 1',
      ...[project, build.package],
    );
    for (const { chroot, state } of build.chroots)
      this.#run('INSERT OR REPLACE INTO runs VALUES (?, ?, ?, ?, ?)', project, build.package, chroot, build.id, state);
    this.#noteNewest(before);
    this.#noteNewest(build);
  }

  noteQueued(id: number, isQueued: boolean): void {
    this.#run('UPDATE builds SET queued = ? WHERE id = ?', isQueued ? 1 : 0, id);
  }

  removeBuild(build: Build): void {
    this.#dropBuild(build);
    this.#noteNewest(build);
  }

  #dropBuild(build: Build): void {
    const project = `${build.owner}/${build.project}`;
    this.#run('DELETE FROM builds WHERE id = ?', build.id);
    this.#run('DELETE FROM runs WHERE build = ?', build.id);
    this.#run('UPDATE projects SET builds = builds - 1 WHERE project = ?', project);
    this.#run('UPDATE packages SET builds = builds - 1 WHERE project = ? AND package = ?', project, build.package);
    this.#run('DELETE FROM packages WHERE project = ? AND package = ? AND builds = 0', project, build.package);
    this.#run('DELETE FROM projects WHERE project = ? AND builds = 0 AND entry IS NULL', project);
  }

  #noteNewest(build: Build | undefined): void {
    if (build === undefined) return;
    const project = `${build.owner}/${build.project}`;
    for (const { chroot } of build.chroots) {
      const key = [project, build.package, chroot];
      const newest = (and: string) => {
        const where = `project = ? AND package = ? AND chroot = ?${and}`;
        return this.#one(`SELECT build FROM runs WHERE ${where} ORDER BY build DESC LIMIT 1`, ...key)?.build ?? null;
      };
      const last = newest('');
      if (last === null) this.#run('DELETE FROM newest WHERE project = ? AND package = ? AND chroot = ?', ...key);
      else {
        const telling = newest(" AND state NOT IN ('skipped', 'canceled')") ?? last;
        const good = newest(" AND state = 'succeeded'");
        this.#run('INSERT OR REPLACE INTO newest VALUES (?, ?, ?, ?, ?, ?)', ...key, last, telling, good);
      }
    }
  }

  build(id: number): Build | undefined {
    return buildOf(this.#one('SELECT body FROM builds WHERE id = ?', id));
  }

  /** The newest ones first, at most `limit`. */
  newestBuilds(query: BuildQuery, limit: number): readonly Build[] {
    const { where, values } = conditionOf(query);
    const rows = this.#all(`SELECT body FROM builds ${where} ORDER BY id DESC LIMIT ?`, ...values, limit);
    return rows.flatMap((row) => buildOf(row) ?? []);
  }

  /** Those that have ended, the last one first, at most `limit`. */
  lastEnded(
    query: Pick<BuildQuery, 'owner' | 'project'> & { readonly failed?: boolean },
    limit: number,
  ): readonly Build[] {
    const { where, values } = conditionOf({ ...query, live: false });
    const rows = this.#all(`SELECT body FROM builds ${where} ORDER BY ended DESC, id DESC LIMIT ?`, ...values, limit);
    return rows.flatMap((row) => buildOf(row) ?? []);
  }

  /** The oldest ones first, `limit` from the one number `offset` on. */
  buildsFrom(query: BuildQuery, offset: number, limit: number): readonly Build[] {
    const { where, values } = conditionOf(query);
    const rows = this.#all(`SELECT body FROM builds ${where} ORDER BY id LIMIT ? OFFSET ?`, ...values, limit, offset);
    return rows.flatMap((row) => buildOf(row) ?? []);
  }

  /** Places of builds, the lowest number first, above `after`. */
  placesFrom(after: number, limit: number): readonly { id: number; project: string; package: string }[] {
    const rows = this.#all('SELECT id, project, package FROM builds WHERE id > ? ORDER BY id LIMIT ?', after, limit);
    return rows as unknown as readonly { id: number; project: string; package: string }[];
  }

  /** The builds numbered from `from` to before `until`, the newest first: all, or those of a project. */
  buildsBetween(from: number, until: number, query: Pick<BuildQuery, 'project'> = {}): readonly Build[] {
    const { where, values } = conditionOf(query);
    const sql = `SELECT body FROM builds ${where === '' ? 'WHERE' : `${where} AND`} id >= ? AND id < ? ORDER BY id DESC`;
    return this.#all(sql, ...values, from, until).flatMap((row) => buildOf(row) ?? []);
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
    return (this.#one(sql, ...values, id)?.id ?? undefined) as number | undefined;
  }

  /** How many builds there are. */
  countBuilds({ project, package: name }: Pick<BuildQuery, 'project' | 'package'>): number {
    if (project === undefined)
      return (this.#one('SELECT coalesce(sum(builds), 0) AS n FROM projects')?.n ?? 0) as number;
    const row =
      name === undefined
        ? this.#one('SELECT builds FROM projects WHERE project = ?', project)
        : this.#one('SELECT builds FROM packages WHERE project = ? AND package = ?', project, name);
    return (row?.builds ?? 0) as number;
  }

  /** How many of them have a lower number. */
  rankOf(id: number, query: Pick<BuildQuery, 'project' | 'package'>): number {
    const { where, values } = conditionOf(query);
    // Those that come after it are few, as a rule: new builds have the highest numbers.
    const sql = `SELECT count(*) AS n FROM builds ${where === '' ? 'WHERE' : `${where} AND`} id >= ?`;
    return this.countBuilds(query) - ((this.#one(sql, ...values, id)?.n ?? 0) as number);
  }

  newestGoodBuild(project: string, name: string): Build | undefined {
    const where = "project = ? AND package = ? AND state = 'succeeded'";
    return buildOf(this.#one(`SELECT body FROM builds WHERE ${where} ORDER BY id DESC LIMIT 1`, project, name));
  }

  /** Builds that the queue knew of when they were kept. */
  queuedNumbers(): readonly number[] {
    return this.#all('SELECT id FROM builds WHERE queued = 1').map(({ id }) => id as number);
  }

  // Projects.

  /** Whether the config states something else of a project than what is kept. */
  isOther(project: string, entry: ProjectEntry | null, lifetime: SiteProject['lifetime']): boolean {
    const before = this.#one('SELECT entry, lifetime FROM projects WHERE project = ?', project);
    return (before?.entry ?? null) !== textOf(entry) || (before?.lifetime ?? null) !== textOf(lifetime);
  }

  saveEntry(project: string, entry: ProjectEntry | null, lifetime: SiteProject['lifetime']): void {
    this.#run(
      'INSERT INTO projects (project, entry, lifetime) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET entry = excluded.entry, lifetime = excluded.lifetime',
      ...[project, textOf(entry), textOf(lifetime)],
    );
    this.#run('DELETE FROM projects WHERE project = ? AND builds = 0 AND entry IS NULL', project);
  }

  /** `owner/project`, in the order of their bytes. */
  projectKeys(): readonly string[] {
    return this.#all('SELECT project FROM projects ORDER BY project').map(({ project }) => project as string);
  }

  /** Those of an owner, in the order of their bytes. */
  projectKeysOf(owner: string): readonly string[] {
    const rows = this.#all(
      'SELECT project FROM projects WHERE project > ? AND project < ? ORDER BY project',
      `${owner}/`,
      `${owner}0`,
    );
    return rows.map(({ project }) => project as string);
  }

  /** Those that are to be shown first. */
  pinnedKeys(): readonly string[] {
    const rows = this.#all("SELECT project FROM projects WHERE entry ->> '$.pinned' = 1 ORDER BY project");
    return rows.map(({ project }) => project as string);
  }

  /** Those that the config states. */
  statedKeys(): readonly string[] {
    const rows = this.#all('SELECT project FROM projects WHERE entry IS NOT NULL ORDER BY project');
    return rows.map(({ project }) => project as string);
  }

  entryOf(project: string): Pick<SiteProject, 'entry' | 'lifetime'> | undefined {
    const row = this.#one('SELECT entry, lifetime FROM projects WHERE project = ?', project);
    if (row === undefined) return undefined;
    const read = (text: unknown) => (text === null ? null : JSON.parse(text as string));
    return { entry: read(row.entry), lifetime: read(row.lifetime) };
  }

  /** Packages of which there are builds. */
  builtPackages(project: string): readonly string[] {
    const rows = this.#all('SELECT package FROM packages WHERE project = ?', project);
    return rows.map((row) => row.package as string);
  }

  packageCount(): number {
    return (this.#one('SELECT count(*) AS n FROM packages')?.n ?? 0) as number;
  }

  builtChroots(project: string): readonly string[] {
    const rows = this.#all('SELECT DISTINCT chroot FROM newest WHERE project = ?', project);
    return rows.map((row) => row.chroot as string);
  }

  /** The numbers of the builds that say how each package stands in each chroot. */
  tellingBuilds(project: string, name?: string): ReadonlySet<number> {
    const [and, values] = name === undefined ? ['', [project]] : [' AND package = ?', [project, name]];
    const rows = this.#all(`SELECT last, telling, good FROM newest WHERE project = ?${and}`, ...values);
    const numbers = rows.flatMap(({ last, telling, good }) => [last, telling, good]);
    return new Set(numbers.filter((each): each is number => each !== null));
  }

  // Pages that are to be written.

  /** A page or a file of a list, by its path inside `published/`: to be written, or removed when there is nothing. */
  owe(path: string): void {
    this.#run('INSERT OR IGNORE INTO owed VALUES (?)', path);
  }

  /** At most `limit` paths behind `after`, in the order of their bytes. */
  owed(after: string, limit: number): readonly string[] {
    return this.#all('SELECT path FROM owed WHERE path > ? ORDER BY path LIMIT ?', after, limit).map(
      ({ path }) => path as string,
    );
  }

  isOwed(path: string): boolean {
    return this.#one('SELECT 1 FROM owed WHERE path = ?', path) !== undefined;
  }

  settle(path: string): void {
    this.#run('DELETE FROM owed WHERE path = ?', path);
  }

  #statement(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#database.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  #run(sql: string, ...values: readonly Value[]): void {
    this.#statement(sql).run(...values);
  }

  #one(sql: string, ...values: readonly Value[]): Row | undefined {
    return this.#statement(sql).get(...values) as Row | undefined;
  }

  #all(sql: string, ...values: readonly Value[]): readonly Row[] {
    return this.#statement(sql).all(...values) as Row[];
  }
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
