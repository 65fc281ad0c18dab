// What has been built: the records under `published/results`, found once by their folders' names and followed from then
// on.
import { dirname, join } from 'node:path';
import type { Queue } from '@coppice/builder-runner/queue';
import { leavingBuilds, shownVersion } from '@coppice/builder-runner/runner';
import {
  type BuildId,
  type BuiltChroot,
  type ChrootName,
  type ConfigRepo,
  isFinal,
  published,
  type QueuedBuild,
  type Result,
} from '@coppice/config';
import { type BuildRef, refOf } from '../vocabulary/build-view.ts';
import type { Fate } from '../vocabulary/fate.ts';
import { findPlaces, findPlacesOf, readResult } from './result-folders.ts';

/** `lastOf` and `expectedSeconds` may be handed on by themselves: the plan takes them so. */
export interface BuiltIndex {
  /** The last ended build of each package and chroot of a project. */
  readonly lastOf: (owner: string, project: string) => Promise<readonly BuiltChroot[]>;
  /** How long the last good build took, in seconds; null: none is known. It knows what `lastOf` has read. */
  readonly expectedSeconds: (owner: string, project: string, name: string, chroot: ChrootName) => number | null;
  /** How many ended builds are recorded of each project (`owner/name`) that has any. */
  counts(): ReadonlyMap<string, number>;
  /** Packages by project (`owner/name`) of which a folder of an ended build is there. */
  packages(): ReadonlyMap<string, ReadonlySet<string>>;
  /** `[epoch:]version-release` of a package as readers of the repository see it; undefined when they see none. */
  readonly shown: (owner: string, project: string, name: string, chroot: ChrootName) => Promise<string | undefined>;
  /** Where an ended build is recorded. */
  find(id: BuildId): BuildRef | undefined;
  /** The records of a build by chroot, that of its SRPM as `srpm`; those that cannot be read are left out. */
  results(ref: BuildRef): Promise<ReadonlyMap<string, Result>>;
  /** All builds of a project of which any chroot has ended, oldest first. */
  buildsOf(owner: string, project: string): readonly BuildRef[];
  /** To be called when folders of a project have come, gone or moved otherwise. */
  reread(owner: string, project: string): Promise<void>;
  /** Follows the queue no longer. */
  close(): void;
}

/**
 * Reads the names of all result folders below `folder` (`published/`) and `withheld`, where those of frozen projects
 * are laid out in the same way, and follows what ends in `queue` from its call on. `unseen` is told of each folder in
 * `state/` that this user may not read, which counts as empty then; without it that is thrown.
 */
export async function openBuiltIndex(
  folder: string,
  queue?: Pick<Queue, 'onChange'>,
  withheld?: string,
  unseen?: (fault: NodeJS.ErrnoException) => void,
): Promise<BuiltIndex> {
  const index = new FolderIndex(withheld === undefined ? [folder] : [folder, withheld], queue, unseen);
  await index.readAll();
  return index;
}

class FolderIndex implements BuiltIndex {
  readonly #folders: readonly string[];
  /** For each reading of folders that is under way: what ended meanwhile, which it may have come too early to see. */
  readonly #readings = new Set<QueuedBuild[]>();
  readonly #refs = new Map<BuildId, BuildRef>();
  /** `owner/project/package/chroot` → numbers of its builds, ascending. */
  readonly #byChroot = new Map<string, BuildId[]>();
  readonly #records = new Map<string, BuiltChroot>();
  /** `owner/project/package/chroot/id` of builds that infrastructure ended. */
  readonly #neverBuilt = new Set<string>();
  readonly #seconds = new Map<string, number>();
  readonly close: () => void;

  readonly #unseen: ((fault: NodeJS.ErrnoException) => void) | undefined;

  constructor(
    folders: readonly string[],
    queue: Pick<Queue, 'onChange'> | undefined,
    unseen: ((fault: NodeJS.ErrnoException) => void) | undefined,
  ) {
    this.#folders = folders;
    this.#unseen = unseen;
    const forget = queue?.onChange(({ build }) => {
      this.#ended(build);
      for (const missed of this.#readings) missed.push(build);
    });
    this.close = () => forget?.();
  }

  /** To be called once, before anything is asked; what has ended since the index was made may be there already. */
  async readAll(): Promise<void> {
    await this.#read(this.#folders.map(findPlaces), () => {
      this.#refs.clear();
      this.#byChroot.clear();
    });
  }

  readonly lastOf = async (owner: string, project: string): Promise<readonly BuiltChroot[]> => {
    const mine = [...this.#byChroot].filter(([key]) => key.startsWith(`${owner}/${project}/`));
    const found = await Promise.all(mine.map(([key, ids]) => this.#lastOfChroot(key, ids)));
    return found.filter((one) => one !== undefined);
  };

  readonly expectedSeconds = (owner: string, project: string, name: string, chroot: ChrootName): number | null =>
    this.#seconds.get(`${owner}/${project}/${name}/${chroot}`) ?? null;

  counts(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const { owner, project } of this.#refs.values()) {
      const key = `${owner}/${project}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    return counts;
  }

  packages(): ReadonlyMap<string, ReadonlySet<string>> {
    const packages = new Map<string, Set<string>>();
    for (const { owner, project, package: name } of this.#refs.values()) {
      const key = `${owner}/${project}`;
      const known = packages.get(key);
      if (known === undefined) packages.set(key, new Set([name]));
      else known.add(name);
    }
    return packages;
  }

  readonly shown = async (
    owner: string,
    project: string,
    name: string,
    chroot: ChrootName,
  ): Promise<string | undefined> => {
    const folder = join(this.#folders[0] ?? '', published.repository(owner, project, chroot));
    // What is damaged is told where it is published.
    return await shownVersion(folder, name).catch(() => undefined);
  };

  find(id: BuildId): BuildRef | undefined {
    return this.#refs.get(id);
  }

  buildsOf(owner: string, project: string): readonly BuildRef[] {
    const refs = [...this.#refs.values()].filter((ref) => ref.owner === owner && ref.project === project);
    return refs.sort((one, other) => one.id - other.id);
  }

  async results(ref: BuildRef): Promise<ReadonlyMap<string, Result>> {
    const found = new Map<string, Result>();
    const read = async (name: string, path: string) => {
      const result = await this.#record(path);
      if (result !== undefined) found.set(name, result);
    };
    await Promise.all([
      read('srpm', published.srpmBuild(ref)),
      ...ref.chroots.map((chroot) => read(chroot, published.chrootBuild(ref, chroot))),
    ]);
    return found;
  }

  async reread(owner: string, project: string): Promise<void> {
    const prefix = `${owner}/${project}/`;
    await this.#read(
      this.#folders.map((folder) => findPlacesOf(folder, owner, project)),
      () => {
        for (const known of [this.#byChroot, this.#records, this.#seconds]) {
          for (const key of known.keys()) if (key.startsWith(prefix)) known.delete(key);
        }
        for (const key of this.#neverBuilt) if (key.startsWith(prefix)) this.#neverBuilt.delete(key);
        for (const [id, ref] of this.#refs) if (`${ref.owner}/${ref.project}/` === prefix) this.#refs.delete(id);
      },
    );
  }

  /** Takes up what the folders tell and, after `forget`, what has ended since the reading began. */
  async #read(places: readonly AsyncIterable<BuildRef>[], forget: () => void): Promise<void> {
    const missed: QueuedBuild[] = [];
    this.#readings.add(missed);
    try {
      const found: BuildRef[] = [];
      for (const [at, some] of places.entries()) {
        try {
          for await (const place of some) found.push(place);
        } catch (error) {
          this.#passOver(error, at > 0);
        }
      }
      const leaving = await leavingBuilds(dirname(this.#folders[0] ?? '')).catch((error: unknown) => {
        this.#passOver(error, true);
        return new Set<string>();
      });
      forget();
      for (const place of found) {
        const chroots = place.chroots.filter((chroot) => !leaving.has(published.chrootBuild(place, chroot)));
        if (chroots.length > 0) this.#note({ ...place, chroots });
      }
      for (const build of missed) this.#ended(build);
    } finally {
      this.#readings.delete(missed);
    }
  }

  /** Of what another user may not read of `state/`. Throws all other faults. */
  #passOver(error: unknown, isPrivate: boolean): void {
    const fault = error as NodeJS.ErrnoException;
    if (!isPrivate || this.#unseen === undefined || (fault.code !== 'EACCES' && fault.code !== 'EPERM')) throw error;
    this.#unseen(fault);
  }

  async #record(path: string): Promise<Result | undefined> {
    for (const folder of this.#folders) {
      const result = await readResult(folder, path);
      if (result !== undefined) return result;
    }
    return undefined;
  }

  #note(place: BuildRef): void {
    const known = this.#refs.get(place.id);
    // Where it is found now is where it is: its project may have another name than before.
    const isThere = known?.owner === place.owner && known.project === place.project;
    this.#refs.set(place.id, isThere ? { ...known, chroots: [...known.chroots, ...place.chroots] } : place);
    this.#addChroots(place);
  }

  #ended(build: QueuedBuild): void {
    const { id, owner, project } = build;
    const known = this.#refs.get(id)?.chroots ?? [];
    const fresh = build.chroots
      .filter(({ state, chroot }) => isFinal(state) && !known.includes(chroot))
      .map(({ chroot }) => chroot);
    if (fresh.length === 0) return;
    const place = { id, owner, project, package: build.package };
    this.#refs.set(id, { ...place, chroots: [...known, ...fresh] });
    this.#addChroots({ ...place, chroots: fresh });
  }

  #addChroots(ref: BuildRef): void {
    for (const chroot of ref.chroots) {
      const key = `${ref.owner}/${ref.project}/${ref.package}/${chroot}`;
      const ids = this.#byChroot.get(key) ?? [];
      this.#byChroot.set(key, ids);
      ids.push(ref.id);
      // A build may be overtaken by a later one.
      if ((ids.at(-2) ?? 0) > ref.id) ids.sort((one, other) => one - other);
    }
  }

  async #lastOfChroot(key: string, ids: readonly BuildId[]): Promise<BuiltChroot | undefined> {
    const [owner, project, name, chroot] = key.split('/') as [string, string, string, ChrootName];
    // A folder without a readable record is a build that never ended: the one before it counts.
    for (const id of ids.toReversed()) {
      const known = this.#records.get(key);
      if (known?.id === id) return known;
      if (this.#neverBuilt.has(`${key}/${id}`)) continue;
      const place = { id, owner, project, package: name };
      const result = await this.#record(published.chrootBuild(place, chroot));
      if (result === undefined) continue;
      const { inputDigest, state, reason, startedAt, endedAt, promotedFrom } = result;
      // No builder could try: for the plan this build never was, and the one before it counts.
      if (state === 'failed' && reason === 'infrastructure') {
        this.#neverBuilt.add(`${key}/${id}`);
        continue;
      }
      const record = { ...place, chroot, inputDigest, state, reason, canceledBy: cancelerOf(result), endedAt };
      this.#records.set(key, record);
      // Publishing what was built elsewhere says nothing about how long a build takes.
      const took = promotedFrom ?? { startedAt, endedAt };
      if (state === 'succeeded' && took.startedAt !== null)
        this.#seconds.set(key, (Date.parse(took.endedAt) - Date.parse(took.startedAt)) / 1000);
      return record;
    }
    return undefined;
  }
}

/**
 * What has been built of these projects of an owner, and what is being built of any. The queue is read before the
 * records: a build that ends in between is seen twice rather than never.
 */
export async function seenBuilds(
  { queue, built }: { readonly queue: Pick<Queue, 'builds'>; readonly built: Pick<BuiltIndex, 'lastOf'> },
  owner: string,
  projects: readonly string[],
): Promise<readonly BuiltChroot[]> {
  const live = builtFromQueue(queue.builds());
  const ended = await Promise.all(projects.map((project) => built.lastOf(owner, project)));
  return [...ended.flat(), ...live];
}

/** `owner/name` → how many builds there are of it, ended ones and live ones; a project without any is left out. */
export function countBuilds(
  queue: Pick<Queue, 'builds'>,
  built: Pick<BuiltIndex, 'counts' | 'find'>,
): ReadonlyMap<string, number> {
  const counts = new Map(built.counts());
  for (const { id, owner, project } of queue.builds()) {
    // One chroot of it may have ended.
    if (built.find(id) === undefined) counts.set(`${owner}/${project}`, (counts.get(`${owner}/${project}`) ?? 0) + 1);
  }
  return counts;
}

/**
 * `owner/name` → packages that it does not state and that have builds, ended or waiting. What is left of a package for
 * readers of older metadata is no build.
 */
export async function findUnstated(
  { projects }: ConfigRepo,
  { queue, built }: { readonly queue: Pick<Queue, 'builds'>; readonly built: Pick<BuiltIndex, 'packages' | 'lastOf'> },
): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const live = Map.groupBy(queue.builds(), projectOfBuild);
  const ended = built.packages();
  const found = new Map<string, ReadonlySet<string>>();
  for (const { owner, name, packages } of projects) {
    const key = `${owner}/${name}`;
    const stated = new Set(packages.map((each) => each.name));
    const unstated = (names: Iterable<string>) => [...names].filter((each) => !stated.has(each));
    const waiting = unstated((live.get(key) ?? []).map((build) => build.package));
    const recorded = unstated(ended.get(key) ?? []);
    const there = recorded.length === 0 ? [] : (await built.lastOf(owner, name)).map((one) => one.package);
    const all = new Set([...waiting, ...recorded.filter((each) => there.includes(each))]);
    if (all.size > 0) found.set(key, all);
  }
  return found;
}

const projectOfBuild = ({ owner, project }: Pick<QueuedBuild, 'owner' | 'project'>) => `${owner}/${project}`;

/** What has been built of a project that a push would rename is under its former name still. */
export async function builtUnderFormerName(
  owner: string,
  project: string,
  changes: readonly Fate[],
  lastOf: BuiltIndex['lastOf'],
): Promise<readonly BuiltChroot[]> {
  const moved = changes.find((one) => one.kind === 'renames' && one.to === `${owner}/${project}`);
  if (moved?.kind !== 'renames') return await lastOf(owner, project);
  const [formerOwner = '', formerName = ''] = moved.from.split('/');
  return (await lastOf(formerOwner, formerName)).map((one) => ({ ...one, owner, project }));
}

/** The person who canceled it, as the runner says it; null: nobody did, or the service itself. Pure. */
function cancelerOf({ state, message }: Pick<Result, 'state' | 'message'>): string | null {
  const by = state === 'canceled' ? /^Canceled by (\S+)\.$/.exec(message ?? '')?.[1] : undefined;
  return by === undefined || by === 'coppice' ? null : by;
}

/** The live builds as the plan sees them. */
export function builtFromQueue(builds: readonly QueuedBuild[]): readonly BuiltChroot[] {
  return builds.flatMap((build) =>
    build.chroots.map(({ chroot, inputDigest, state, reason, message }) => {
      const { id, owner, project } = build;
      const canceledBy = cancelerOf({ state, message });
      return { id, owner, project, package: build.package, chroot, inputDigest, state, reason, canceledBy };
    }),
  );
}

/** A build by its number, live or ended; undefined when nobody knows it. */
export function findBuild(
  id: BuildId,
  { queue, built }: { readonly queue: Pick<Queue, 'build'>; readonly built: Pick<BuiltIndex, 'find'> },
): BuildRef | undefined {
  const live = queue.build(id);
  return live === undefined ? built.find(id) : refOf(live);
}
