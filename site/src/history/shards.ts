// The files of the search: `search/terms/<key>.json` holds the terms whose keys begin so, and where these are too many
// those that are no longer than it; the others are in files of longer keys. So that a change writes the files alone
// that hold what it changed.
import { keyLengths, keyOf, type Term, type TermKind } from './search-terms.ts';
import type { Row, Statements } from './statements.ts';

/** Terms in one file, before it is divided. */
const mostRows = 300;
/** Of one term and kind: more help nobody. */
const mostOfTerm = 50;
/** In a file that cannot be divided. */
const mostGroups = 40;

/** One finding: a term, what it is, of which project and package (`` for a project), what is shown. */
export type ShardRow = readonly [term: string, kind: TermKind, project: string, name: string, text: string];

/** The content of a file. */
export interface Shard {
  readonly rows: readonly ShardRow[];
  /** There are more than are told. */
  readonly more?: true;
  /** Letters by which its key goes on in other files. */
  readonly next?: string;
  /** In a file of the shortest key: longer keys that begin so and go on in other files. */
  readonly divided?: readonly string[];
}

type Status = 'none' | 'whole' | 'divided';

export class Shards {
  readonly #statements: Statements;

  constructor(statements: Statements) {
    this.#statements = statements;
  }

  /**
   * Adds and removes terms of one project or package; returns the keys whose files are others now, or none unless it is
   * to be told (`isTold`): telling takes most of the time.
   */
  change(
    of: { readonly project: string; readonly name: string },
    { added, removed }: { readonly added: readonly Term[]; readonly removed: readonly Term[] },
    isTold: boolean,
  ): ReadonlySet<string> {
    const keys = new Set(isTold ? [...added, ...removed].map(({ term }) => keyOf(term)) : []);
    const before = this.#statusesOf(keys);
    for (const { term, kind, text } of removed)
      this.#statements.run(
        'DELETE FROM terms WHERE key = ? AND term = ? AND kind = ? AND project = ? AND package = ? AND text = ?',
        ...[keyOf(term), term, kind, of.project, of.name, text],
      );
    for (const { term, kind, text } of added)
      this.#statements.run(
        'INSERT OR IGNORE INTO terms VALUES (?, ?, ?, ?, ?, ?)',
        ...[keyOf(term), term, kind, of.project, of.name, text],
      );
    const after = this.#statusesOf(keys);
    const changed = new Set<string>();
    for (const key of keys) for (const path of [before, after]) changed.add(placeOf(key, path));
    for (const key of new Set([...before.keys(), ...after.keys()])) {
      const [was, is] = [before.get(key) ?? 'none', after.get(key) ?? 'none'];
      if (was === is) continue;
      changed.add(key);
      if (was === 'none' || is === 'none') changed.add(key.slice(0, -1));
      if (was !== 'divided' && is !== 'divided') continue;
      changed.add(key.slice(0, keyLengths.least));
      for (const child of this.#children(key)) changed.add(child);
      for (const touched of keys) if (touched.startsWith(key)) changed.add(touched.slice(0, key.length + 1));
    }
    return changed;
  }

  /** The file of a key; undefined when there is none. */
  shard(key: string): Shard | undefined {
    if (!this.#isThere(key) || !this.#isReached(key)) return undefined;
    const isDivided = this.#isDivided(key);
    const groups = this.#statements.all(
      `SELECT key, term, kind, count(*) AS n FROM terms WHERE ${isDivided ? 'key = ?' : 'key >= ? AND key < ?'}
       GROUP BY key, term, kind ORDER BY key, term, kind LIMIT ${isDivided || key.length === keyLengths.most ? mostGroups + 1 : -1}`,
      ...(isDivided ? [key] : [key, `${key}{`]),
    );
    const isLong = isDivided || key.length === keyLengths.most;
    const told = isLong ? groups.slice(0, mostGroups) : groups;
    const rows = told.flatMap((group) => this.#rowsOf(group));
    const isMore = told.length < groups.length || told.some(({ n }) => (n as number) > mostOfTerm);
    const next = isDivided ? this.#children(key).map((child) => child.at(-1)) : [];
    const divided = isDivided && key.length === keyLengths.least ? this.#dividedBelow(key) : [];
    return {
      rows,
      ...(isMore ? { more: true } : {}),
      ...(next.length > 0 ? { next: next.join('') } : {}),
      ...(divided.length > 0 ? { divided } : {}),
    };
  }

  /** The shortest keys of which there are files. */
  firstKeys(): readonly string[] {
    return this.#childrenOf('', keyLengths.least);
  }

  /** All keys of which there are files. */
  keys(): readonly string[] {
    const below = (key: string): readonly string[] =>
      this.#isDivided(key) ? [key, ...this.#children(key).flatMap(below)] : [key];
    return this.firstKeys().flatMap(below);
  }

  #rowsOf({ key, term, kind }: Row): readonly ShardRow[] {
    const rows = this.#statements.all(
      `SELECT project, package, text FROM terms WHERE key = ? AND term = ? AND kind = ? ORDER BY project, package, text LIMIT ${mostOfTerm}`,
      ...[key ?? null, term ?? null, kind ?? null],
    );
    return rows.map((row) => [term, kind, row.project, row.package, row.text] as unknown as ShardRow);
  }

  /** The files on the way to each key, by their own keys. */
  #statusesOf(keys: ReadonlySet<string>): Map<string, Status> {
    const statuses = new Map<string, Status>();
    for (const whole of keys) {
      for (let length: number = keyLengths.least; length <= whole.length; length += 1) {
        const key = whole.slice(0, length);
        const known = statuses.get(key) ?? this.#statusOf(key);
        statuses.set(key, known);
        if (known !== 'divided') break;
      }
    }
    return statuses;
  }

  #statusOf(key: string): Status {
    if (!this.#isThere(key)) return 'none';
    return this.#isDivided(key) ? 'divided' : 'whole';
  }

  #isThere(key: string): boolean {
    return this.#statements.one('SELECT 1 FROM terms WHERE key >= ? AND key < ? LIMIT 1', key, `${key}{`) !== undefined;
  }

  /** Whether all on the way to it are divided. */
  #isReached(key: string): boolean {
    for (let length: number = keyLengths.least; length < key.length; length += 1)
      if (!this.#isDivided(key.slice(0, length))) return false;
    return true;
  }

  #isDivided(key: string): boolean {
    if (key.length >= keyLengths.most) return false;
    const sql = `SELECT 1 FROM terms WHERE key >= ? AND key < ? LIMIT 1 OFFSET ${mostRows}`;
    return this.#statements.one(sql, key, `${key}{`) !== undefined;
  }

  #children(key: string): readonly string[] {
    return this.#childrenOf(key, key.length + 1);
  }

  /** Beginnings of this length, of keys that begin with `key`: one question for each, not for each term. */
  #childrenOf(key: string, length: number): readonly string[] {
    const found: string[] = [];
    const sql = 'SELECT key FROM terms WHERE key >= ? AND key < ? ORDER BY key LIMIT 1';
    // `0` comes first of all that keys are made of, `{` after it.
    for (let from = `${key}0`; ; ) {
      const next = this.#statements.one(sql, from, `${key}{`)?.key as string | undefined;
      if (next === undefined) return found;
      const child = next.slice(0, length);
      found.push(child);
      from = `${child}{`;
    }
  }

  #dividedBelow(key: string): readonly string[] {
    return this.#children(key).flatMap((child) =>
      this.#isDivided(child) ? [child, ...this.#dividedBelow(child)] : [],
    );
  }
}

/** The file that shows a key: the first on the way to it that is not divided, or its own. */
function placeOf(key: string, statuses: ReadonlyMap<string, Status>): string {
  for (let length: number = keyLengths.least; length < key.length; length += 1)
    if (statuses.get(key.slice(0, length)) !== 'divided') return key.slice(0, length);
  return key;
}
