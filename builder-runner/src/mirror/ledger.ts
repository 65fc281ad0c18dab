// What a mirror has, and what it is behind with: on the disk, so that nothing is forgotten whatever ends the service.
// SQLite, for there may be millions of files and a pass is to look at few of them.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pinnedRanks, type Rank } from './rank.ts';

/** A file that is to be sent. */
export interface Behind {
  readonly path: string;
  readonly rank: Rank;
  /** Tells one content from another, as far as the file system does. */
  readonly stamp: string;
}

/** A place that is to be compared; the empty one is all of `published/`. */
export interface Dirty {
  readonly scope: string;
  readonly serial: number;
}

/** A file of the mirror, as its list has it. */
export interface Listed {
  readonly path: string;
  readonly bytes: number;
}

export type Ledger = ReturnType<typeof openLedger>;

/** Of what the mirror is said to have and this ledger does not know. */
const unknownStamp = 'unknown';

const tables = `
CREATE TABLE IF NOT EXISTS held (folder TEXT, name TEXT, stamp TEXT NOT NULL, PRIMARY KEY (folder, name)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS behind (path TEXT PRIMARY KEY, rank INTEGER NOT NULL, stamp TEXT NOT NULL, since INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS gone (path TEXT PRIMARY KEY, due INTEGER) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS dirty (scope TEXT PRIMARY KEY, since INTEGER NOT NULL, serial INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS taken (path TEXT PRIMARY KEY, since INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS target (name TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TEMP TABLE listed (folder TEXT, name TEXT, bytes INTEGER, PRIMARY KEY (folder, name)) WITHOUT ROWID;
`;

/**
 * Opens the ledger in `folder`, which is made. `target` names the mirror: of another one nothing is known. Throws what
 * SQLite or the file system says.
 */
export function openLedger(folder: string, target: string) {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const database = new DatabaseSync(join(folder, 'ledger.sqlite'));
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA temp_store = FILE;');
  database.exec(tables);
  if (database.prepare('SELECT name FROM target').get()?.name !== target) {
    database.exec('DELETE FROM held; DELETE FROM behind; DELETE FROM gone; DELETE FROM taken; DELETE FROM target;');
    database.prepare('INSERT INTO target VALUES (?)').run(target);
  }
  const sql = statementsOf(database);
  const pinned = pinnedRanks.join(',');
  let serial = Number(database.prepare('SELECT coalesce(max(serial), 0) AS most FROM dirty').get()?.most);

  /** All or nothing, and quicker than each alone. */
  const together = <T>(work: () => T): T => {
    database.exec('BEGIN');
    try {
      const result = work();
      database.exec('COMMIT');
      return result;
    } catch (error) {
      // With a full disk SQLite has rolled back by itself, and would say of a second time that there is nothing to do.
      if (database.isTransaction) database.exec('ROLLBACK');
      throw error;
    }
  };
  const range = (path: string): [string, string, string] => [path, `${path}/`, `${path}0`];
  const forget = (path: string): boolean => {
    const [folderOf, nameOf] = split(path);
    const gone = [sql.forgetFile.run(folderOf, nameOf), sql.forgetFolder.run(...range(path))];
    return gone.some(({ changes }) => changes > 0);
  };

  return {
    together,
    close: () => database.close(),
    /** To be compared. The first time at which it was said stays. */
    noteDirty(scope: string, now: number): void {
      serial += 1;
      sql.noteDirty.run(scope, now, serial);
    },
    dirty: () => sql.dirty.all() as unknown as readonly Dirty[],
    /** Those that were compared, unless they changed again meanwhile. */
    compared(scopes: readonly Dirty[]): void {
      together(() => {
        for (const one of scopes) sql.compared.run(one.scope, one.serial);
      });
    },
    noteTaken: (path: string, now: number) => void sql.noteTaken.run(path, now),
    taken: () => sql.taken.all().map(({ path }) => String(path)),
    /** The mirror has nothing there any more. Returns whether it had something, as far as is known. */
    takenDown(path: string): boolean {
      return together(() => {
        const hadSomething = forget(path);
        sql.forgetBehind.run(...range(path));
        sql.forgetGone.run(...range(path));
        sql.takenDown.run(path);
        return hadSomething;
      });
    },
    /** Stamps of what the mirror has in one folder, by name. */
    heldIn: (folderOf: string) =>
      new Map(sql.heldIn.all(folderOf).map(({ name, stamp }) => [String(name), String(stamp)])),
    stampOf(path: string): string | undefined {
      const row = sql.stampOf.get(...split(path));
      return row === undefined ? undefined : String(row.stamp);
    },
    /** Folders at or below `scope` in which the mirror has files. */
    foldersBelow: (scope: string) =>
      (scope === '' ? sql.allFolders.all() : sql.foldersBelow.all(...range(scope))).map((row) => String(row.folder)),
    noteBehind: ({ path, rank, stamp }: Behind, now: number) => void sql.noteBehind.run(path, rank, stamp, now),
    dropBehind: (path: string) => void sql.dropBehind.run(path),
    /** At most `count` files of a rank, in the order of their paths. */
    behind: (rank: Rank, count: number) => sql.behind.all(rank, count) as unknown as readonly Behind[],
    behindAt: (path: string) => sql.behindAt.get(path) as unknown as Behind | undefined,
    /** The mirror has these now. */
    sent(files: readonly Behind[]): void {
      together(() => {
        for (const { path, stamp } of files) {
          sql.hold.run(...split(path), stamp);
          sql.dropSent.run(path, stamp);
        }
      });
    },
    /** What a pass that failed had pinned is to be looked at again: there may be newer ones. */
    unpin(): void {
      together(() => {
        serial += 1;
        database
          .prepare(
            `INSERT INTO dirty SELECT path, since, ? FROM behind WHERE rank IN (${pinned}) ON CONFLICT DO UPDATE SET serial = excluded.serial`,
          )
          .run(serial);
        database.exec(`DELETE FROM behind WHERE rank IN (${pinned})`);
      });
    },
    noteGone: (path: string) => void sql.noteGone.run(path),
    isBack: (path: string) => void sql.isBack.run(path),
    /** What is gone and has no time yet goes then, in milliseconds. */
    schedule(timeOf: (path: string) => number): void {
      together(() => {
        for (const { path } of sql.unscheduled.all()) sql.schedule.run(timeOf(String(path)), String(path));
      });
    },
    due: (now: number, count: number) => sql.due.all(now, count).map(({ path }) => String(path)),
    nextDue(): number | undefined {
      const next = sql.nextDue.get()?.next;
      return next === null || next === undefined ? undefined : Number(next);
    },
    removed(paths: readonly string[]): void {
      together(() => {
        for (const path of paths) {
          sql.forgetFile.run(...split(path));
          sql.isBack.run(path);
        }
      });
    },
    list(files: readonly Listed[]): void {
      together(() => {
        for (const { path, bytes } of files) sql.list.run(...split(path), bytes);
      });
    },
    beginList: () => database.exec('DELETE FROM listed'),
    /** From now on the mirror has what was listed, and nothing else. */
    endList(): void {
      together(() => {
        // A stamp begins with the size; links have none.
        database.exec(`DELETE FROM held WHERE NOT EXISTS (SELECT 1 FROM listed WHERE listed.folder = held.folder
          AND listed.name = held.name
          AND (held.stamp LIKE 'link:%' OR held.stamp LIKE listed.bytes || '-%' OR held.stamp = '${unknownStamp}'))`);
        database.exec(`INSERT OR IGNORE INTO held SELECT folder, name, '${unknownStamp}' FROM listed`);
        database.exec('DELETE FROM listed');
      });
    },
    /**
     * How far behind the mirror is: since when, and with how many files. What waits for its time to go is not counted.
     */
    lag(): { readonly since: number | undefined; readonly files: number } {
      const { since, files } = sql.lag.get() as { since: number | null; files: number };
      return { since: since ?? undefined, files };
    },
  };
}

function split(path: string): [folder: string, name: string] {
  const at = path.lastIndexOf('/');
  return [path.slice(0, Math.max(at, 0)), path.slice(at + 1)];
}

function statementsOf(database: DatabaseSync) {
  const within = (column: string) => `(${column} = ?1 OR (${column} >= ?2 AND ${column} < ?3))`;
  const prepare = (text: string) => database.prepare(text);
  return {
    noteDirty: prepare('INSERT INTO dirty VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET serial = excluded.serial'),
    dirty: prepare('SELECT scope, serial FROM dirty ORDER BY scope'),
    compared: prepare('DELETE FROM dirty WHERE scope = ? AND serial = ?'),
    noteTaken: prepare('INSERT OR IGNORE INTO taken VALUES (?, ?)'),
    taken: prepare('SELECT path FROM taken ORDER BY since'),
    takenDown: prepare('DELETE FROM taken WHERE path = ?'),
    forgetFile: prepare('DELETE FROM held WHERE folder = ? AND name = ?'),
    forgetFolder: prepare(`DELETE FROM held WHERE ${within('folder')}`),
    forgetBehind: prepare(`DELETE FROM behind WHERE ${within('path')}`),
    forgetGone: prepare(`DELETE FROM gone WHERE ${within('path')}`),
    heldIn: prepare('SELECT name, stamp FROM held WHERE folder = ?'),
    stampOf: prepare('SELECT stamp FROM held WHERE folder = ? AND name = ?'),
    allFolders: prepare('SELECT DISTINCT folder FROM held'),
    foldersBelow: prepare(`SELECT DISTINCT folder FROM held WHERE ${within('folder')}`),
    noteBehind: prepare(`INSERT INTO behind VALUES (?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET rank = excluded.rank, stamp = excluded.stamp`),
    dropBehind: prepare('DELETE FROM behind WHERE path = ?'),
    dropSent: prepare('DELETE FROM behind WHERE path = ? AND stamp = ?'),
    behind: prepare('SELECT path, rank, stamp FROM behind WHERE rank = ? ORDER BY path LIMIT ?'),
    behindAt: prepare('SELECT path, rank, stamp FROM behind WHERE path = ?'),
    hold: prepare('INSERT OR REPLACE INTO held VALUES (?, ?, ?)'),
    noteGone: prepare('INSERT OR IGNORE INTO gone VALUES (?, NULL)'),
    isBack: prepare('DELETE FROM gone WHERE path = ?'),
    unscheduled: prepare('SELECT path FROM gone WHERE due IS NULL'),
    schedule: prepare('UPDATE gone SET due = ? WHERE path = ?'),
    due: prepare('SELECT path FROM gone WHERE due <= ? ORDER BY due, path LIMIT ?'),
    nextDue: prepare('SELECT min(due) AS next FROM gone'),
    list: prepare('INSERT OR REPLACE INTO listed VALUES (?, ?, ?)'),
    lag: prepare(`SELECT min(since) AS since, count(*) AS files FROM
      (SELECT since FROM behind UNION ALL SELECT since FROM dirty WHERE scope <> '' UNION ALL SELECT since FROM taken)`),
  };
}
