// What has been built: the records under `published/results`, found once by their folders' names and followed from then
// on.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Queue } from '@coppice/builder-runner/queue';
import {
  type BuildId,
  type BuiltChroot,
  type ChrootName,
  isFinal,
  parseBuildId,
  parseChroot,
  parseResult,
  published,
  type QueuedBuild,
  type Result,
} from '@coppice/config';
import type { BuildRef } from '../vocabulary/build-view.ts';

export interface BuiltIndex {
  /** The last ended build of each package and chroot of a project. */
  lastOf(owner: string, project: string): Promise<readonly BuiltChroot[]>;
  /** How long the last good build took, in seconds; null: none is known. It knows what `lastOf` has read. */
  expectedSeconds(owner: string, project: string, name: string, chroot: ChrootName): number | null;
  /** Where an ended build is recorded. */
  find(id: BuildId): BuildRef | undefined;
  /** The records of a build by chroot, that of its SRPM as `srpm`; those that cannot be read are left out. */
  results(ref: BuildRef): Promise<ReadonlyMap<string, Result>>;
  /** To be called when folders of a project have come, gone or moved otherwise. */
  reread(owner: string, project: string): Promise<void>;
  /** Follows the queue no longer. */
  close(): void;
}

/**
 * Reads the names of all result folders below `folder` (`published/`), and follows what ends in `queue` from its call
 * on.
 */
export async function openBuiltIndex(folder: string, queue?: Pick<Queue, 'onChange'>): Promise<BuiltIndex> {
  /** For each reading of folders that is under way: what ended meanwhile, which it may have come too early to see. */
  const readings = new Set<QueuedBuild[]>();
  const refs = new Map<BuildId, BuildRef>();
  const note = (place: BuildRef) => {
    const known = refs.get(place.id);
    refs.set(place.id, known === undefined ? place : { ...known, chroots: [...known.chroots, ...place.chroots] });
  };
  /** `owner/project/package/chroot` → numbers of its builds, ascending. */
  const byChroot = new Map<string, BuildId[]>();
  const records = new Map<string, BuiltChroot>();
  /** `owner/project/package/chroot/id` of builds that infrastructure ended. */
  const neverBuilt = new Set<string>();
  const seconds = new Map<string, number>();

  const ended = (build: QueuedBuild) => {
    const { id, owner, project } = build;
    const known = refs.get(id)?.chroots ?? [];
    const fresh = build.chroots
      .filter(({ state, chroot }) => isFinal(state) && !known.includes(chroot))
      .map(({ chroot }) => chroot);
    if (fresh.length === 0) return;
    const place = { id, owner, project, package: build.package };
    refs.set(id, { ...place, chroots: [...known, ...fresh] });
    add(byChroot, { ...place, chroots: fresh });
  };
  const close = queue?.onChange(({ build }) => {
    ended(build);
    for (const missed of readings) missed.push(build);
  });
  /** Takes up what the folders tell and, after `forget`, what has ended since the reading began. */
  const read = async (places: AsyncIterable<BuildRef>, forget: () => void) => {
    const missed: QueuedBuild[] = [];
    readings.add(missed);
    try {
      const found: BuildRef[] = [];
      for await (const place of places) found.push(place);
      forget();
      for (const place of found) {
        note(place);
        add(byChroot, place);
      }
      for (const build of missed) ended(build);
    } finally {
      readings.delete(missed);
    }
  };
  // Sets up `refs` and `byChroot`; what ended during the reading may be there already.
  await read(findPlaces(folder), () => {
    refs.clear();
    byChroot.clear();
  });

  const lastOf = async (key: string, ids: readonly BuildId[]): Promise<BuiltChroot | undefined> => {
    const [owner = '', project = '', name = '', chroot = ''] = key.split('/');
    // A folder without a readable record is a build that never ended: the one before it counts.
    for (const id of ids.toReversed()) {
      const known = records.get(key);
      if (known?.id === id) return known;
      if (neverBuilt.has(`${key}/${id}`)) continue;
      const place = { id, owner, project, package: name };
      const result = await readResult(folder, published.chrootBuild(place, chroot as ChrootName));
      if (result === undefined) continue;
      const { inputDigest, state, reason } = result;
      // No builder could try: for the plan this build never was, and the one before it counts.
      if (state === 'failed' && reason === 'infrastructure') {
        neverBuilt.add(`${key}/${id}`);
        continue;
      }
      const record = { owner, project, package: name, chroot: chroot as ChrootName, inputDigest, state, reason, id };
      records.set(key, record);
      const { startedAt, endedAt } = result;
      if (state === 'succeeded' && startedAt !== null)
        seconds.set(key, (Date.parse(endedAt) - Date.parse(startedAt)) / 1000);
      return record;
    }
    return undefined;
  };

  return {
    async lastOf(owner, project) {
      const mine = [...byChroot].filter(([key]) => key.startsWith(`${owner}/${project}/`));
      const found = await Promise.all(mine.map(([key, ids]) => lastOf(key, ids)));
      return found.filter((one) => one !== undefined);
    },
    expectedSeconds: (owner, project, name, chroot) => seconds.get(`${owner}/${project}/${name}/${chroot}`) ?? null,
    find: (id) => refs.get(id),
    async results(ref) {
      const found = new Map<string, Result>();
      const read = async (name: string, path: string) => {
        const result = await readResult(folder, path);
        if (result !== undefined) found.set(name, result);
      };
      await Promise.all([
        read('srpm', published.srpmBuild(ref)),
        ...ref.chroots.map((chroot) => read(chroot, published.chrootBuild(ref, chroot))),
      ]);
      return found;
    },
    async reread(owner, project) {
      const prefix = `${owner}/${project}/`;
      await read(findPlacesOf(join(folder, 'results'), owner, project), () => {
        for (const known of [byChroot, records, seconds]) {
          for (const key of known.keys()) if (key.startsWith(prefix)) known.delete(key);
        }
        for (const key of neverBuilt) if (key.startsWith(prefix)) neverBuilt.delete(key);
        for (const [id, ref] of refs) if (`${ref.owner}/${ref.project}/` === prefix) refs.delete(id);
      });
    },
    close: () => close?.(),
  };
}

function add(byChroot: Map<string, BuildId[]>, ref: BuildRef): void {
  for (const chroot of ref.chroots) {
    const key = `${ref.owner}/${ref.project}/${ref.package}/${chroot}`;
    const ids = byChroot.get(key) ?? [];
    byChroot.set(key, ids);
    ids.push(ref.id);
    // A build may be overtaken by a later one.
    if ((ids.at(-2) ?? 0) > ref.id) ids.sort((one, other) => one - other);
  }
}

async function* findPlaces(folder: string): AsyncGenerator<BuildRef> {
  const root = join(folder, 'results');
  for (const owner of await list(root)) {
    for (const project of await list(join(root, owner))) yield* findPlacesOf(root, owner, project);
  }
}

async function* findPlacesOf(root: string, owner: string, project: string): AsyncGenerator<BuildRef> {
  for (const chroot of (await list(join(root, owner, project))).map(parseChroot)) {
    if (chroot === undefined) continue;
    for (const name of await list(join(root, owner, project, chroot.name))) {
      const [, digits = '', built = ''] = /^0*(\d+)-(.+)$/.exec(name) ?? [];
      const id = parseBuildId(digits);
      if (id !== undefined) yield { id, owner, project, package: built, chroots: [chroot.name] };
    }
  }
}

/** Names of the folders in a folder; none when it is not there. */
async function list(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

/**
 * The record in `folder` of `published`; undefined when there is none, and when what is there is none: the site tells
 * of that.
 */
async function readResult(published: string, folder: string): Promise<Result | undefined> {
  const text = await readFile(join(published, folder, 'result.json'), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const read = parseResult(text, folder);
  return read.kind === 'result' ? read.result : undefined;
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

/** The live builds as the plan sees them. */
export function builtFromQueue(builds: readonly QueuedBuild[]): readonly BuiltChroot[] {
  return builds.flatMap((build) =>
    build.chroots.map(({ chroot, inputDigest, state, reason }) => {
      const { id, owner, project } = build;
      return { id, owner, project, package: build.package, chroot, inputDigest, state, reason };
    }),
  );
}
