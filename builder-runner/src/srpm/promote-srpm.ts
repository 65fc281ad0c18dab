// Promotion of a source package: what a pull request's sandbox built from becomes that of the project's build.

import { cp, mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { canonicalSource, type PinnedSource, published, type QueuedBuild } from '@coppice/config';
import { describeError, isDiskFull } from '../base/errors.ts';
import { nameBuild, type RunnerContext } from '../context/runner-context.ts';
import { alone } from '../publish/project-place.ts';
import { usableRecord } from '../publish/read-record.ts';
import { recordOfSrpm, writeRecord } from '../publish/record.ts';
import { describeArtifacts } from '../rpm/describe-artifacts.ts';

/**
 * Publishes the source package of the sandbox's build as that of this one; resolves with its file name. Undefined when
 * it is to be made: nobody promotes it, or it is not there as it was any more. Its record says that it was promoted, by
 * which the chroots know.
 */
export async function promoteSrpm(context: RunnerContext, build: QueuedBuild): Promise<string | undefined> {
  const { owner, promotes } = build;
  if (promotes === undefined) return undefined;
  const tested = { owner, project: promotes.project, id: promotes.id, package: build.package };
  const startedAt = context.now();
  const staging = join(context.home, 'state', 'staging', `${build.id}-srpm`);
  try {
    // Nobody sweeps the sandbox meanwhile.
    return await alone(tested, async () => {
      const record = await usableRecord(context, published.srpmBuild(tested));
      const file = record?.artifacts[0]?.file;
      if (record?.state !== 'succeeded' || file === undefined || file.includes('/')) return undefined;
      if (canonicalSource(record.source as PinnedSource) !== canonicalSource(build.source)) return undefined;
      await rm(staging, { recursive: true, force: true });
      await mkdir(dirname(staging), { recursive: true, mode: 0o700 });
      await cp(join(context.home, 'published', published.srpmBuild(tested)), staging, { recursive: true });
      const files = record.artifacts.map((artifact) => artifact.file);
      if (!isDeepStrictEqual(await describeArtifacts(staging, files), record.artifacts)) return undefined;
      const { id, project } = promotes;
      const promotedFrom = { project, id, startedAt: record.startedAt, endedAt: record.endedAt };
      const { artifacts, engine, fetched = [], submodules = [], commits = [] } = record;
      const ending = { state: 'succeeded', reason: null, message: null, excerpt: [], engine, artifacts } as const;
      const made = recordOfSrpm(
        build,
        startedAt,
        { ...ending, promotedFrom, endedAt: context.now() },
        { fetched, submodules, commits },
      );
      await writeRecord(join(staging, 'result.json'), { ...made, builder: record.builder });
      const target = join(context.home, 'published', published.srpmBuild(build));
      await rm(target, { recursive: true, force: true });
      await mkdir(dirname(target), { recursive: true });
      await rename(staging, target);
      return file;
    });
  } catch (error) {
    if (isDiskFull(error)) throw error;
    context.log('warn', `${nameBuild(build)} gets a source package of its own: ${describeError(error)}`);
    return undefined;
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}
