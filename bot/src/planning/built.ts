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

/** The ended builds of one package of a project. It stands for all of them: each is little more than a number. */
interface PackageBuilds {
  readonly owner: string;
  readonly project: string;
  readonly package: string;
  /** Numbers of the builds that were found there, ascending. */
  readonly chroots: Map<ChrootName, BuildId[]>;
}

class FolderIndex implements BuiltIndex {
  readonly #folders: readonly string[];
  /** For each reading of folders that is under way: what ended meanwhile, which it may have come too early to see. */
  readonly #readings = new Set<QueuedBuild[]>();
  /** `owner/project` → package → its builds, as their folders say. */
  readonly #projects = new Map<string, Map<string, PackageBuilds>>();
  /** Where each build was found last. */
  readonly #places = new Map<BuildId, PackageBuilds>();
  /** `owner/project/package/chroot` → the last build. */
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
      this.#places.clear();
      this.#projects.clear();
    });
  }

  readonly lastOf = async (owner: string, project: string): Promise<readonly BuiltChroot[]> => {
    const packages = [...(this.#projects.get(`${owner}/${project}`)?.values() ?? [])];
    const found = await Promise.all(
      packages.flatMap((one) => [...one.chroots].map(([chroot, ids]) => this.#lastOfChroot(one, chroot, ids))),
    );
    return found.filter((one) => one !== undefined);
  };

  readonly expectedSeconds = (owner: string, project: string, name: string, chroot: ChrootName): number | null =>
    this.#seconds.get(`${owner}/${project}/${name}/${chroot}`) ?? null;

  counts(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const { owner, project } of this.#places.values()) {
      const key = `${owner}/${project}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    return counts;
  }

  packages(): ReadonlyMap<string, ReadonlySet<string>> {
    const packages = new Map<string, Set<string>>();
    for (const { owner, project, package: name } of new Set(this.#places.values())) {
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
    const place = this.#places.get(id);
    if (place === undefined) return undefined;
    const { owner, project, package: name } = place;
    return { id, owner, project, package: name, chroots: chrootsOf(place, id) };
  }

  buildsOf(owner: string, project: string): readonly BuildRef[] {
    const packages = [...(this.#projects.get(`${owner}/${project}`)?.values() ?? [])];
    const ids = new Set(packages.flatMap(({ chroots }) => [...chroots.values()].flat()));
    const refs = [...ids].flatMap((id) => this.find(id) ?? []);
    // Those that were found elsewhere since are builds of that project.
    return refs.filter((ref) => ref.owner === owner && ref.project === project).sort((one, other) => one.id - other.id);
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
        for (const known of [this.#records, this.#seconds]) {
          for (const key of known.keys()) if (key.startsWith(prefix)) known.delete(key);
        }
        for (const key of this.#neverBuilt) if (key.startsWith(prefix)) this.#neverBuilt.delete(key);
        for (const [id, place] of this.#places)
          if (`${place.owner}/${place.project}/` === prefix) this.#places.delete(id);
        this.#projects.delete(`${owner}/${project}`);
      },
    );
  }

  /** Takes up what the folders tell and, after `forget`, what has ended since the reading began. */
  async #read(places: readonly AsyncIterable<BuildRef>[], forget: () => void): Promise<void> {
    const missed: QueuedBuild[] = [];
    this.#readings.add(missed);
    try {
      const found = new Map<string, Omit<BuildRef, 'id'> & { readonly ids: BuildId[] }>();
      for (const [at, some] of places.entries()) {
        try {
          for await (const { id, ...place } of some) {
            const key = `${place.owner}/${place.project}/${place.package}/${place.chroots.join('/')}`;
            const known = found.get(key);
            if (known === undefined) found.set(key, { ...place, ids: [id] });
            else known.ids.push(id);
          }
        } catch (error) {
          this.#passOver(error, at > 0);
        }
      }
      const leaving = await leavingBuilds(dirname(this.#folders[0] ?? '')).catch((error: unknown) => {
        this.#passOver(error, true);
        return new Set<string>();
      });
      forget();
      for (const { ids, ...place } of found.values()) {
        for (const id of ids) {
          const stays = (chroot: ChrootName) => !leaving.has(published.chrootBuild({ ...place, id }, chroot));
          const chroots = leaving.size === 0 ? place.chroots : place.chroots.filter(stays);
          if (chroots.length > 0) this.#note({ ...place, id, chroots });
        }
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

  #note({ id, owner, project, package: name, chroots }: BuildRef): void {
    const builds = this.#packageOf(owner, project, name);
    const known = this.#places.get(id);
    // Where it is found now is where it is: its project may have another name than before.
    if (known?.owner !== owner || known.project !== project) this.#places.set(id, builds);
    for (const chroot of chroots) addTo(builds, chroot, id);
  }

  #ended({ id, owner, project, package: name, chroots }: QueuedBuild): void {
    const known = this.#places.get(id);
    const noted = known === undefined ? [] : chrootsOf(known, id);
    const fresh = chroots.filter(({ state, chroot }) => isFinal(state) && !noted.includes(chroot));
    if (fresh.length === 0) return;
    const builds = this.#packageOf(owner, project, name);
    this.#places.set(id, builds);
    for (const chroot of [...noted, ...fresh.map((one) => one.chroot)]) addTo(builds, chroot, id);
  }

  #packageOf(owner: string, project: string, name: string): PackageBuilds {
    const key = `${owner}/${project}`;
    const packages = this.#projects.get(key) ?? new Map<string, PackageBuilds>();
    this.#projects.set(key, packages);
    const builds = packages.get(name) ?? { owner, project, package: name, chroots: new Map() };
    packages.set(name, builds);
    return builds;
  }

  async #lastOfChroot(
    { owner, project, package: name }: PackageBuilds,
    chroot: ChrootName,
    ids: readonly BuildId[],
  ): Promise<BuiltChroot | undefined> {
    const key = `${owner}/${project}/${name}/${chroot}`;
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

function chrootsOf({ chroots }: PackageBuilds, id: BuildId): readonly ChrootName[] {
  return [...chroots].filter(([, ids]) => hasNumber(ids, id)).map(([chroot]) => chroot);
}

/** Among many that ascend. */
function hasNumber(ids: readonly BuildId[], id: BuildId): boolean {
  let [from, until] = [0, ids.length];
  while (from < until) {
    const middle = (from + until) >> 1;
    if ((ids[middle] ?? 0) < id) from = middle + 1;
    else until = middle;
  }
  return ids[from] === id;
}

function addTo({ chroots }: PackageBuilds, chroot: ChrootName, id: BuildId): void {
  const ids = chroots.get(chroot) ?? [];
  chroots.set(chroot, ids);
  const last = ids.at(-1) ?? 0;
  // A build may be overtaken by a later one.
  if (last < id) ids.push(id);
  else if (!hasNumber(ids, id)) {
    ids.push(id);
    ids.sort((one, other) => one - other);
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
