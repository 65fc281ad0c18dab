// The tables of the history, and the file that they are in. All of it can be made again from `published/`.
import { mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** Grows with each change of the tables: a file of another version is made anew. */
const version = 2;

const tables = `
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID, STRICT;
-- What was seen of each result.json, by its path inside published/: what is as it was is not read again.
CREATE TABLE results (
  path TEXT PRIMARY KEY, project TEXT NOT NULL, build INTEGER NOT NULL, changed REAL NOT NULL, bytes INTEGER NOT NULL
) WITHOUT ROWID, STRICT;
CREATE INDEX results_by_build ON results (project, build);
-- When the list of each folder of builds had changed last.
CREATE TABLE folders (path TEXT PRIMARY KEY, changed REAL NOT NULL) WITHOUT ROWID, STRICT;
CREATE TABLE projects (
  project TEXT PRIMARY KEY, entry TEXT, lifetime TEXT, builds INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID, STRICT;
CREATE TABLE packages (
  project TEXT, package TEXT, builds INTEGER NOT NULL, PRIMARY KEY (project, package)
) WITHOUT ROWID, STRICT;
CREATE TABLE builds (
  id INTEGER PRIMARY KEY, project TEXT NOT NULL, package TEXT NOT NULL, state TEXT NOT NULL, live INTEGER NOT NULL,
  queued INTEGER NOT NULL, ended TEXT, body BLOB NOT NULL
) STRICT;
CREATE INDEX builds_of_project ON builds (project, id);
CREATE INDEX builds_of_package ON builds (project, package, id);
CREATE INDEX good_builds ON builds (project, package, id) WHERE state = 'succeeded';
CREATE INDEX queued_builds ON builds (id) WHERE queued = 1;
CREATE INDEX live_builds ON builds (id) WHERE live = 1;
CREATE INDEX final_builds ON builds (id) WHERE live = 0;
CREATE TABLE runs (
  project TEXT, package TEXT, chroot TEXT, build INTEGER, state TEXT NOT NULL,
  PRIMARY KEY (project, package, chroot, build)
) WITHOUT ROWID, STRICT;
CREATE INDEX good_runs ON runs (project, package, chroot, build) WHERE state = 'succeeded';
CREATE INDEX runs_that_say ON runs (project, package, chroot, build) WHERE state NOT IN ('skipped', 'canceled');
CREATE INDEX runs_of_build ON runs (build);
-- Of each package and chroot: the newest build, the newest that says how it stands, the newest that gave packages.
CREATE TABLE newest (
  project TEXT, package TEXT, chroot TEXT, last INTEGER NOT NULL, telling INTEGER NOT NULL, good INTEGER,
  PRIMARY KEY (project, package, chroot)
) WITHOUT ROWID, STRICT;
-- Packages, and projects (without a package), whose terms and relations may be others by now.
CREATE TABLE undescribed (project TEXT, package TEXT, PRIMARY KEY (project, package)) WITHOUT ROWID, STRICT;
-- What was made of each: of which builds (seen), the terms (packed JSON), how lists of all packages or projects show it.
CREATE TABLE described (
  project TEXT, package TEXT, seen TEXT NOT NULL, terms BLOB NOT NULL, letter TEXT, line TEXT,
  PRIMARY KEY (project, package)
) WITHOUT ROWID, STRICT;
CREATE INDEX listed ON described (letter, package, project) WHERE letter IS NOT NULL;
-- What the newest good build of each package and chroot provides ('provides') and requires ('requires').
CREATE TABLE relations (
  project TEXT, kind TEXT, name TEXT, package TEXT, chroot TEXT, PRIMARY KEY (project, kind, name, package, chroot)
) WITHOUT ROWID, STRICT;
CREATE INDEX relations_of_package ON relations (project, package);
-- Under what projects and packages are found; the first column is the name of the file (see search-terms.ts).
CREATE TABLE terms (
  key TEXT, term TEXT, kind TEXT, project TEXT, package TEXT, text TEXT,
  PRIMARY KEY (key, term, kind, project, package, text)
) WITHOUT ROWID, STRICT;
-- Pages that are to be written, by their paths inside published/.
CREATE TABLE owed (path TEXT PRIMARY KEY) WITHOUT ROWID, STRICT;
`;

/** Opens the file, or makes it; one that cannot be used is made anew. Throws what the file system says. */
export function openTables(file: string): DatabaseSync {
  if (file !== ':memory:') mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  try {
    const database = open(file);
    if (versionOf(database) === version) return database;
    database.close();
  } catch (error) {
    if (!isDamaged(error)) throw error;
  }
  removeTables(file);
  const database = open(file);
  database.exec(`BEGIN; ${tables} PRAGMA user_version = ${version}; COMMIT`);
  return database;
}

export function removeTables(file: string): void {
  for (const end of ['', '-wal', '-shm']) rmSync(`${file}${end}`, { recursive: true, force: true });
}

function open(file: string): DatabaseSync {
  const database = new DatabaseSync(file);
  try {
    // Durable at each checkpoint: what is lost with the machine's power is found again in `published/`.
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -8192');
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function versionOf(database: DatabaseSync): unknown {
  return database.prepare('PRAGMA user_version').get()?.user_version;
}

/** SQLITE_CORRUPT and SQLITE_NOTADB, https://www.sqlite.org/rescode.html; or there is something else in its place. */
export function isDamaged(error: unknown): boolean {
  const { errcode } = error as { errcode?: number };
  return errcode === 11 || errcode === 26 || errcode === 14;
}
