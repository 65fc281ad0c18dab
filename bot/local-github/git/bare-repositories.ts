// The bare repositories on disk: the truth for everything that Git knows. One writer at a time in each.
import { existsSync } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { gitIn } from './git-in.ts';

const ZERO = '0'.repeat(40);
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;

export type Refs = ReadonlyMap<string, string>;

export interface BareRepositories {
  /** The folder of `owner/name`; undefined when there is no such repository, or the name is not one. */
  folderOf(fullName: string): string | undefined;
  /** Makes an empty repository with the default branch `main`. */
  create(fullName: string): Promise<string>;
  list(): Promise<string[]>;
  /** Takes a repository away with all that it holds. */
  remove(fullName: string): Promise<void>;
  /** Runs `change` when no other change of that repository is under way. */
  exclusively<T>(fullName: string, change: () => Promise<T>): Promise<T>;
}

export function openBareRepositories(folder: string): BareRepositories {
  const queues = new Map<string, Promise<unknown>>();
  const pathOf = (fullName: string) => {
    const [owner, name, more] = fullName.split('/');
    if (!owner || !name || more !== undefined || !NAME.test(owner) || !NAME.test(name)) return undefined;
    return path.join(folder, owner, `${name}.git`);
  };
  return {
    folderOf(fullName) {
      const place = pathOf(fullName);
      return place && existsSync(place) ? place : undefined;
    },
    async create(fullName) {
      const place = pathOf(fullName);
      if (!place) throw new Error(`"${fullName}" cannot be a repository: write owner/name in letters, digits, . _ -`);
      await mkdir(place, { recursive: true });
      await gitIn(place).text(['init', '--quiet', '--bare', '--initial-branch=main', place]);
      for (const [key, value] of SETTINGS) await gitIn(place).text(['config', key, value]);
      return place;
    },
    async list() {
      if (!existsSync(folder)) return [];
      const owners = await readdir(folder);
      const found = await Promise.all(
        owners.map(async (owner) =>
          (await readdir(path.join(folder, owner))).map((name) => `${owner}/${name.replace(/\.git$/, '')}`),
        ),
      );
      return found.flat().sort();
    },
    async remove(fullName) {
      const place = pathOf(fullName);
      if (place !== undefined) await rm(place, { recursive: true, force: true });
    },
    exclusively(fullName, change) {
      const before = queues.get(fullName) ?? Promise.resolve();
      const mine = before.then(change, change);
      queues.set(
        fullName,
        mine.catch(() => undefined),
      );
      return mine;
    },
  };
}

const SETTINGS = [
  // Background housekeeping would outlive the service.
  ['gc.auto', '0'],
  ['receive.autogc', 'false'],
  // GitHub owns refs/pull/*; it also serves any commit by its id.
  ['receive.hideRefs', 'refs/pull'],
  ['uploadpack.allowAnySHA1InWant', 'true'],
  ['uploadpack.allowFilter', 'true'],
] as const;

/** All refs with what they point to, in the order of their names. */
export async function readRefs(folder: string, prefix = 'refs/'): Promise<Refs> {
  const text = await gitIn(folder).text(['for-each-ref', '--format=%(refname) %(objectname)', prefix]);
  return new Map(
    text
      .split('\n')
      .filter(Boolean)
      .map((line) => line.split(' ') as [string, string]),
  );
}

export interface RefChange {
  readonly ref: string;
  /** All zeros for a new ref, as Git writes it. */
  readonly before: string;
  /** All zeros for a deleted ref. */
  readonly after: string;
}

/** What changed between two readings, in the order of the names. */
export function compareRefs(before: Refs, after: Refs): RefChange[] {
  const names = [...new Set([...before.keys(), ...after.keys()])].sort();
  return names
    .map((ref) => ({ ref, before: before.get(ref) ?? ZERO, after: after.get(ref) ?? ZERO }))
    .filter((change) => change.before !== change.after);
}

export const isZero = (sha: string) => sha === ZERO;
