// One pass over all that is published: builds that nobody needs any more go, as retention says, with their source
// packages and the generations that name them.

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type BuildId,
  type ChrootName,
  paddedBuildId,
  parseChroot,
  published,
  type QueuedBuild,
  type Retention,
} from '@coppice/config';
import { nothingWhenAbsent } from '../base/absent.ts';
import { describeError } from '../base/errors.ts';
import { isFrozen } from '../base/frozen.ts';
import { alone, type ProjectPlace } from '../publish/project-place.ts';
import type { Publisher } from '../publish/publisher.ts';
import { usableRecord } from '../publish/read-record.ts';
import { removeLater } from '../publish/remove-later.ts';
import { bytesIn, pruneRepository } from './prune-repository.ts';

export interface PruneOptions {
  /** What holds for a project, also for one that no config states any more. */
  readonly retentionOf: (owner: string, project: string) => Retention;
  /** Whether the results for a chroot are promised for now. */
  readonly isPromised: (chroot: ChrootName) => boolean;
  readonly live: readonly QueuedBuild[];
  readonly now: Date;
  /** Whether it only says what would go. */
  readonly dryRun: boolean;
  /** So many builds go at most of each repository, the rest at the next pass. */
  readonly atMost: number;
  /** Aborted: no further project is looked at. */
  readonly signal?: AbortSignal;
}

/** `project`: `owner/name`. */
export interface Pruned {
  readonly builds: readonly {
    readonly project: string;
    readonly chroot: string;
    readonly package: string;
    readonly id: number;
    readonly why: 'failed' | 'superseded';
    /** ISO 8601, UTC. */
    readonly endedAt: string;
    readonly bytes: number;
  }[];
  readonly sources: readonly { readonly project: string; readonly id: number; readonly bytes: number }[];
  readonly generations: readonly {
    readonly project: string;
    readonly chroot: string;
    readonly generation: number;
    readonly bytes: number;
  }[];
  /** What cannot be looked at, and is left as it is: a sentence each. */
  readonly problems: readonly string[];
  /** Whether another pass goes on. */
  readonly isCut: boolean;
}

/** Looks at one project after the other; what cannot be looked at is left as it is, and told. */
export async function prune(publisher: Publisher, options: PruneOptions): Promise<Pruned> {
  const done: Mutable = { builds: [], sources: [], generations: [], problems: [], isCut: false };
  const results = join(publisher.home, 'published', 'results');
  for (const owner of await namesIn(results)) {
    for (const project of await namesIn(join(results, owner))) {
      if (options.signal?.aborted) return done;
      try {
        await pruneProject(publisher, { owner, project }, options, done);
      } catch (error) {
        done.problems.push(`${owner}/${project} is left as it is: ${describeError(error)}`);
      }
    }
  }
  return done;
}

type Mutable = { -readonly [key in keyof Pruned]: Pruned[key] extends readonly (infer Each)[] ? Each[] : Pruned[key] };

async function pruneProject(
  publisher: Publisher,
  place: ProjectPlace,
  { retentionOf, isPromised, live, now, dryRun, atMost }: PruneOptions,
  done: Mutable,
): Promise<void> {
  const { owner, project } = place;
  if (await isFrozen(publisher, owner, project)) return;
  const key = `${owner}/${project}`;
  const retention = retentionOf(owner, project);
  const pass = {
    ...{ retention, now, dryRun, atMost },
    live: new Set(live.map(({ id }) => Number(id))),
    inUseSince: Math.min(Number.POSITIVE_INFINITY, ...live.map(({ requestedAt }) => Date.parse(requestedAt))),
  };
  const gone = new Set<number>();
  const kept = new Set<number>();
  for (const name of await namesIn(join(publisher.home, 'published', published.project(owner, project)))) {
    const chroot = parseChroot(name)?.name;
    if (chroot === undefined) continue;
    const promised = isPromised(chroot);
    const found = await pruneRepository(publisher, place, chroot, { ...pass, atMost: promised ? 0 : atMost });
    for (const id of found.left) kept.add(id);
    for (const { id, why, endedAt, bytes, package: of } of found.builds) {
      gone.add(id);
      const ended = new Date(endedAt).toISOString();
      done.builds.push({ project: key, chroot, package: of, id, why, endedAt: ended, bytes });
    }
    for (const each of found.generations) done.generations.push({ project: key, chroot, ...each });
    done.isCut ||= found.isCut;
  }
  for (const source of await pruneSources(publisher, place, { ...pass, gone, kept }))
    done.sources.push({ project: key, ...source });
}

interface SourcePass {
  readonly retention: Retention;
  readonly now: Date;
  readonly dryRun: boolean;
  readonly live: ReadonlySet<number>;
  /** Builds of which something goes, and of which something stays. */
  readonly gone: ReadonlySet<number>;
  readonly kept: ReadonlySet<number>;
}

/** Source packages go with the last chroot of their build; those of builds that never came that far as failed ones. */
async function pruneSources(
  publisher: Publisher,
  place: ProjectPlace,
  { retention, now, dryRun, live, gone, kept }: SourcePass,
): Promise<readonly { readonly id: number; readonly bytes: number }[]> {
  const { owner, project } = place;
  const folderOf = (id: number) => published.srpmBuild({ id: id as BuildId, owner, project, package: '' });
  const names = await namesIn(join(publisher.home, 'published', published.project(owner, project), 'srpm-builds'));
  return alone(place, async () => {
    const removed = [];
    for (const name of names) {
      const id = Number(name);
      if (!/^\d{8,15}$/.test(name) || name !== paddedBuildId(id as BuildId) || live.has(id) || kept.has(id)) continue;
      const ended = (await usableRecord(publisher, folderOf(id)))?.endedAt;
      if (ended === undefined) continue;
      if (!gone.has(id) && Date.parse(ended) + retention.failedSeconds * 1000 > now.getTime()) continue;
      removed.push({ id, bytes: await bytesIn(join(publisher.home, 'published', folderOf(id))) });
      if (!dryRun) await removeLater(publisher.home, folderOf(id));
    }
    return removed;
  });
}

async function namesIn(folder: string): Promise<readonly string[]> {
  const entries = (await readdir(folder, { withFileTypes: true }).catch(nothingWhenAbsent)) ?? [];
  return entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : [])).sort();
}
