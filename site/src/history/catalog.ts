// What packages say of themselves, as lists, the search and the relations between packages need it. It follows from the
// newest good builds and from what is stated; `describe.ts` brings it up to date.
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { Term } from './search-terms.ts';
import { Shards } from './shards.ts';
import type { Statements } from './statements.ts';

export type RelationSide = 'provides' | 'requires';

/** A name that a package provides or requires in a chroot. */
export interface NamedRelation {
  readonly kind: RelationSide;
  readonly name: string;
  readonly chroot: string;
}

/** A package as the lists of all packages show it. */
export interface PackageLine {
  readonly version: string | null;
  readonly summary: string;
}

/** A project as the list of all projects shows it. */
export interface ProjectLine {
  readonly description: string;
  readonly packages: number;
}

/** What is kept of a package, or of a project (`name` is then ''). */
export interface Description {
  /** What it follows from: the same says that nothing else has changed. */
  readonly seen: string;
  readonly terms: readonly Term[];
  /** Where it is listed; null: nowhere. */
  readonly listed: { readonly letter: string; readonly line: PackageLine | ProjectLine } | null;
}

/** The list in which projects stand. */
export const projectsLetter = 'projects';

const nothing: Description = { seen: '', terms: [], listed: null };

export class Catalog {
  readonly shards: Shards;
  readonly #statements: Statements;

  constructor(statements: Statements) {
    this.#statements = statements;
    this.shards = new Shards(statements);
  }

  /** `name` is '' for the project itself. */
  noteUndescribed(project: string, name: string): void {
    this.#statements.run('INSERT OR IGNORE INTO undescribed VALUES (?, ?)', project, name);
  }

  undescribed(limit: number): readonly { readonly project: string; readonly name: string }[] {
    const rows = this.#statements.all('SELECT project, package AS name FROM undescribed LIMIT ?', limit);
    return rows as unknown as readonly { project: string; name: string }[];
  }

  settle(project: string, name: string): void {
    this.#statements.run('DELETE FROM undescribed WHERE project = ? AND package = ?', project, name);
  }

  description(project: string, name: string): Description {
    const sql = 'SELECT seen, terms, letter, line FROM described WHERE project = ? AND package = ?';
    const row = this.#statements.one(sql, project, name);
    if (row === undefined) return nothing;
    const terms = JSON.parse(inflateRawSync(row.terms as Uint8Array).toString());
    const listed = row.letter === null ? null : { letter: row.letter as string, line: JSON.parse(row.line as string) };
    return { seen: row.seen as string, terms, listed };
  }

  /** Undefined: it is no more. */
  saveDescription(project: string, name: string, description: Description | undefined): void {
    if (description === undefined) {
      this.#statements.run('DELETE FROM described WHERE project = ? AND package = ?', project, name);
      return;
    }
    const { seen, terms, listed } = description;
    this.#statements.run(
      'INSERT OR REPLACE INTO described VALUES (?, ?, ?, ?, ?, ?)',
      ...[project, name, seen, deflateRawSync(JSON.stringify(terms), { level: 3 })],
      ...[listed?.letter ?? null, listed === null ? null : JSON.stringify(listed.line)],
    );
  }

  // Lists of all packages by their first letters, and of all projects.

  /** Letters under which packages are listed, with their numbers. */
  letters(): readonly { readonly letter: string; readonly count: number }[] {
    const sql = `SELECT letter, count(*) AS count FROM described WHERE letter IS NOT NULL AND letter <> ? GROUP BY letter ORDER BY letter`;
    return this.#statements.all(sql, projectsLetter) as unknown as readonly { letter: string; count: number }[];
  }

  countListed(letter: string): number {
    return (this.#statements.one('SELECT count(*) AS n FROM described WHERE letter = ?', letter)?.n ?? 0) as number;
  }

  /** How many of a list come before this one. */
  listedBefore(letter: string, project: string, name: string): number {
    const sql = 'SELECT count(*) AS n FROM described WHERE letter = ? AND (package, project) < (?, ?)';
    return (this.#statements.one(sql, letter, name, project)?.n ?? 0) as number;
  }

  listed<T extends PackageLine | ProjectLine>(
    letter: string,
    offset: number,
    limit: number,
  ): readonly { readonly project: string; readonly name: string; readonly line: T }[] {
    const rows = this.#statements.all(
      'SELECT project, package, line FROM described WHERE letter = ? ORDER BY package, project LIMIT ? OFFSET ?',
      ...[letter, limit, offset],
    );
    return rows.map((row) => ({
      project: row.project as string,
      name: row.package as string,
      line: JSON.parse(row.line as string),
    }));
  }

  // Relations between the packages of a project.

  relationsOf(project: string, name: string): readonly NamedRelation[] {
    const sql =
      'SELECT kind, name, chroot FROM relations WHERE project = ? AND package = ? ORDER BY kind, name, chroot';
    return this.#statements.all(sql, project, name) as unknown as readonly NamedRelation[];
  }

  saveRelations(project: string, name: string, relations: readonly NamedRelation[]): void {
    this.#statements.run('DELETE FROM relations WHERE project = ? AND package = ?', project, name);
    for (const { kind, name: of, chroot } of relations)
      this.#statements.run('INSERT OR IGNORE INTO relations VALUES (?, ?, ?, ?, ?)', project, kind, of, name, chroot);
  }

  /** Packages of a project that provide, or require, this name in any chroot. */
  packagesWith(project: string, kind: RelationSide, name: string): readonly string[] {
    const sql = 'SELECT DISTINCT package FROM relations WHERE project = ? AND kind = ? AND name = ? ORDER BY package';
    return this.#statements.all(sql, project, kind, name).map((row) => row.package as string);
  }

  /** Other packages of the project that require what this one provides in the same chroot, and which names. */
  dependents(project: string, name: string): readonly { readonly package: string; readonly name: string }[] {
    const sql = `SELECT DISTINCT wanted.package AS package, wanted.name AS name FROM relations AS given
      JOIN relations AS wanted ON wanted.project = given.project AND wanted.kind = 'requires'
        AND wanted.name = given.name AND wanted.chroot = given.chroot
      WHERE given.project = ? AND given.package = ? AND given.kind = 'provides' AND wanted.package <> given.package
      ORDER BY wanted.package, wanted.name`;
    return this.#statements.all(sql, project, name) as unknown as readonly { package: string; name: string }[];
  }
}
