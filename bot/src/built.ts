// What has been built: the records under `published/results`, found once by their folders' names and followed from then on.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type BuildId,
  type BuiltChroot,
  type ChrootName,
  parseBuildId,
  parseChroot,
  published,
  type QueuedBuild,
  type Result,
  resultSchema,
} from '@coppice/config';
import type { BuildRef } from './build-view.ts';

export interface BuiltIndex {
  /** The last ended build of each package and chroot of a project. */
  lastOf(owner: string, project: string): Promise<readonly BuiltChroot[]>;
  /** How long the last good build took, in seconds; null: none is known. It knows what `lastOf` has read. */
  expectedSeconds(owner: string, project: string, name: string, chroot: ChrootName): number | null;
  /** Where an ended build is recorded. */
  find(id: BuildId): BuildRef | undefined;
  /** The records of a build by chroot, that of its SRPM as `srpm`; those that cannot be read are left out. */
  results(ref: BuildRef): Promise<ReadonlyMap<string, Result>>;
  /** To be called when a build has left the queue, or one of its chroots has ended. */
  ended(build: QueuedBuild): void;
  /** To be called when folders of a project have come, gone or moved otherwise. */
  reread(owner: string, project: string): Promise<void>;
}

/** Reads the names of all result folders below `folder` (`published/`). */
export async function openBuiltIndex(folder: string): Promise<BuiltIndex> {
  const refs = new Map<BuildId, BuildRef>();
  const note = (place: BuildRef) => {
    const known = refs.get(place.id);
    refs.set(place.id, known === undefined ? place : { ...known, chroots: [...known.chroots, ...place.chroots] });
  };
  for await (const place of findPlaces(folder)) note(place);
  /** `owner/project/package/chroot` → numbers of its builds, ascending. */
  const byChroot = new Map<string, BuildId[]>();
  for (const ref of [...refs.values()].sort((a, b) => a.id - b.id)) add(byChroot, ref);
  const records = new Map<string, BuiltChroot>();
  /** `owner/project/package/chroot/id` of builds that infrastructure ended. */
  const neverBuilt = new Set<string>();
  const seconds = new Map<string, number>();

  const lastOf = async (key: string, ids: readonly BuildId[]): Promise<BuiltChroot | undefined> => {
    const [owner = '', project = '', name = '', chroot = ''] = key.split('/');
    // A folder without a readable record is a build that never ended: the one before it counts.
    for (const id of ids.toReversed()) {
      const known = records.get(key);
      if (known?.id === id) return known;
      if (neverBuilt.has(`${key}/${id}`)) continue;
      const place = { id, owner, project, package: name };
      const result = await readResult(join(folder, published.chrootBuild(place, chroot as ChrootName)));
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
        const result = await readResult(join(folder, path));
        if (result !== undefined) found.set(name, result);
      };
      await Promise.all([
        read('srpm', published.srpmBuild(ref)),
        ...ref.chroots.map((chroot) => read(chroot, published.chrootBuild(ref, chroot))),
      ]);
      return found;
    },
    ended(build) {
      const { id, owner, project } = build;
      const ended = build.chroots.filter(({ endedAt }) => endedAt !== null).map(({ chroot }) => chroot);
      const known = refs.get(id)?.chroots ?? [];
      const fresh = ended.filter((chroot) => !known.includes(chroot));
      if (fresh.length === 0) return;
      const place = { id, owner, project, package: build.package };
      refs.set(id, { ...place, chroots: [...known, ...fresh] });
      add(byChroot, { ...place, chroots: fresh });
    },
    async reread(owner, project) {
      const found: BuildRef[] = [];
      for await (const place of findPlacesOf(join(folder, 'results'), owner, project)) found.push(place);
      const prefix = `${owner}/${project}/`;
      for (const known of [byChroot, records, seconds]) {
        for (const key of known.keys()) if (key.startsWith(prefix)) known.delete(key);
      }
      for (const key of neverBuilt) if (key.startsWith(prefix)) neverBuilt.delete(key);
      for (const [id, ref] of refs) if (`${ref.owner}/${ref.project}/` === prefix) refs.delete(id);
      for (const place of found) note(place);
      for (const place of found.sort((a, b) => a.id - b.id)) add(byChroot, place);
    },
  };
}

function add(byChroot: Map<string, BuildId[]>, ref: BuildRef): void {
  for (const chroot of ref.chroots) {
    const key = `${ref.owner}/${ref.project}/${ref.package}/${chroot}`;
    const ids = byChroot.get(key);
    if (ids === undefined) byChroot.set(key, [ref.id]);
    else ids.push(ref.id);
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

/** Undefined when there is no record yet or it is not one of ours. */
async function readResult(folder: string): Promise<Result | undefined> {
  const text = await readFile(join(folder, 'result.json'), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  try {
    const parsed = resultSchema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : undefined;
  } catch {
    // Half a file is no record: the commit mark is a whole one.
    return undefined;
  }
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
