// Repositories are there before anything was built: an empty one, signed, with its `.repo` file, for each chroot of a
// project and of a sandbox that has builds in the queue; and they name what further metadata their project states.

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ChrootName, isFinal, type QueuedBuild, readSandbox } from '@coppice/config';
import { nothingWhenAbsent } from '../base/absent.ts';
import { describeError } from '../base/errors.ts';
import { isFrozen } from '../base/frozen.ts';
import type { Log } from '../base/log.ts';
import type { Queue } from '../queue/index.ts';
import { repodataOf } from '../repodata/generations.ts';
import type { FurtherFile } from '../repodata/repository.ts';
import { lists } from '../repodata/texts.ts';
import { alone, type ProjectPlace } from './project-place.ts';
import { ensureRepository, writeMetadata } from './publish.ts';
import type { Publisher } from './publisher.ts';
import { hasRepodata, repositoryFolder } from './repository-of.ts';

/** What is to be there of a project. */
export interface StatedRepositories extends ProjectPlace {
  /** Those that are built for: each has a repository. */
  readonly chroots: readonly ChrootName[];
  /** Other chroots, which have one when something was built for them. */
  readonly restingChroots: readonly ChrootName[];
  /** Changes when `further` may. */
  readonly furtherKey: string;
  /** What the metadata is to name besides its lists. */
  readonly further: () => Promise<readonly FurtherFile[]>;
}

interface ProvideOptions {
  readonly publisher: Publisher;
  readonly queue: Pick<Queue, 'builds' | 'onChange'>;
  /** All projects of the config in force, without sandboxes. */
  readonly projects: () => readonly StatedRepositories[];
  readonly log: Log;
}

export interface RepositoryProvider {
  /** To be called when another config is in force: looks after all projects, beside what else goes on. */
  look(): void;
  /** Resolves when nothing is left to do. */
  settled(): Promise<void>;
  /** Ends after what is under way. */
  stop(): Promise<void>;
}

/** A key takes a good part of a second of a processor, and builds are to go on. */
const atOnce = 2;

/** What fails is logged, and tried again with the next look. */
export function startProviding({ publisher, queue, projects, log }: ProvideOptions): RepositoryProvider {
  /** What is to be looked after, by its name; the newest word of it counts. */
  const waiting = new Map<string, () => Promise<void>>();
  const running = new Map<string, Promise<void>>();
  /** Projects for which nothing is left to do, as they were stated then. */
  const provided = new Map<string, string>();
  /** Builds whose sandbox was looked at. */
  const seen = new Set<number>();
  let stopped = false;

  const next = () => {
    for (const [name, work] of waiting) {
      if (stopped || running.size >= atOnce) return;
      if (running.has(name)) continue;
      waiting.delete(name);
      const done = work()
        .catch((error: unknown) =>
          log('error', `The repositories of ${name} are not provided: ${describeError(error)}`),
        )
        .finally(() => {
          running.delete(name);
          next();
        });
      running.set(name, done);
    }
  };
  const later = (name: string, work: () => Promise<void>) => {
    waiting.set(name, work);
    next();
  };
  const heard = (build: QueuedBuild) => {
    if (readSandbox(build.project) === undefined) return;
    if (build.chroots.every(({ state }) => isFinal(state))) return void seen.delete(build.id);
    if (seen.has(build.id)) return;
    seen.add(build.id);
    const chroots = build.chroots.map(({ chroot }) => chroot);
    later(`${build.owner}/${build.project} (build ${build.id})`, () => provide(publisher, build, chroots));
  };
  const forget = queue.onChange(({ build }) => heard(build));
  for (const build of queue.builds()) heard(build);
  return {
    look() {
      const all = projects();
      const names = new Set(all.map(({ owner, project }) => `${owner}/${project}`));
      for (const name of provided.keys()) if (!names.has(name)) provided.delete(name);
      for (const stated of all) {
        const name = `${stated.owner}/${stated.project}`;
        const state = JSON.stringify([stated.chroots, stated.restingChroots, stated.furtherKey]);
        if (provided.get(name) === state) continue;
        later(name, async () => {
          provided.delete(name);
          if (await provideStated(publisher, stated)) provided.set(name, state);
        });
      }
    },
    async settled() {
      while (running.size > 0) await Promise.all(running.values());
    },
    async stop() {
      stopped = true;
      forget();
      await Promise.all(running.values());
    },
  };
}

/** Empty repositories where there are none. A frozen project gets none. */
async function provide(publisher: Publisher, place: ProjectPlace, chroots: readonly ChrootName[]): Promise<void> {
  for (const chroot of chroots) {
    if (await hasRepodata(repositoryFolder(publisher, place, chroot))) continue;
    await alone(place, async () => {
      if (!(await isFrozen(publisher, place.owner, place.project))) await ensureRepository(publisher, place, chroot);
    });
  }
}

/** False when the project is frozen: it is to be looked at again. */
async function provideStated(publisher: Publisher, stated: StatedRepositories): Promise<boolean> {
  let wanted: { readonly files: readonly FurtherFile[]; readonly names: readonly string[] } | undefined;
  for (const chroot of [...stated.chroots, ...stated.restingChroots]) {
    const folder = repositoryFolder(publisher, stated, chroot);
    const there = await furtherNames(folder);
    if (there === undefined && stated.restingChroots.includes(chroot)) continue;
    if (there !== undefined && there.length === 0 && stated.furtherKey === '') continue;
    if (wanted === undefined) {
      const files = await stated.further();
      wanted = { files, names: files.map(nameOf).sort() };
    }
    const { files, names } = wanted;
    if (there !== undefined && there.join() === names.join()) continue;
    const isDone = await alone(stated, async () => {
      if (await isFrozen(publisher, stated.owner, stated.project)) return false;
      await writeMetadata(publisher, stated, chroot, { further: files });
      return true;
    });
    if (!isDone) return false;
  }
  return true;
}

function nameOf({ ending, content }: FurtherFile): string {
  return `${createHash('sha256').update(content).digest('hex')}-${ending}`;
}

/** The files that the index of a repository names besides its lists; undefined when there is no repository. */
async function furtherNames(folder: string): Promise<readonly string[] | undefined> {
  const index = await readFile(join(repodataOf(folder), 'repomd.xml'), 'latin1').catch(nothingWhenAbsent);
  if (index === undefined) return undefined;
  const others = [...index.matchAll(/<data type="([^"]*)">.*?<location href="repodata\/([^"]*)"/gs)];
  return others
    .filter(([, type = '']) => !(lists as readonly string[]).includes(type))
    .map(([, , file = '']) => file)
    .sort();
}
