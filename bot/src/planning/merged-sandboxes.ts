// The sandboxes of merged pull requests that may hold what a push is about to build.
import { join } from 'node:path';
import type { Queue } from '@coppice/builder-runner/queue';
import { readRegularFile } from '@coppice/builder-runner/regular-file';
import type { Log } from '@coppice/builder-runner/runner';
import {
  type MergedSandbox,
  mayBuild,
  type Plan,
  type Project,
  projectKey,
  published,
  type SandboxBuild,
  sandboxOf,
} from '@coppice/config';
import type { ConfigAtCommit } from '../config-repo/config-in-force.ts';
import type { KnownPull } from '../vocabulary/known-pull.ts';
import type { BuiltIndex } from './built.ts';
import type { FindSandboxes } from './plan-requests.ts';

interface FinderContext {
  readonly queue: Pick<Queue, 'builds'>;
  readonly built: Pick<BuiltIndex, 'buildsOf' | 'lastOf' | 'results'>;
  /** Absolute. */
  readonly publishedFolder: string;
  readonly pulls: () => readonly KnownPull[];
  /** The config in force before the push, as it counts for people. */
  readonly config: () => ConfigAtCommit | undefined;
  /** Whether GitHub says that a pull request was merged into the default branch. */
  readonly isMerged: (pull: number) => Promise<boolean>;
  readonly log: Log;
}

/**
 * Finds the sandboxes of a project that have a build of the same inputs as one that is planned, and whose pull requests
 * were merged; the newest first. GitHub is asked of no others. Where it gives no answer, all is built.
 */
export function createSandboxFinder(context: FinderContext): FindSandboxes {
  return async (project, plan) => {
    const found: MergedSandbox[] = [];
    const touching = context.pulls().filter(({ touched }) => keysOf(project).some((key) => touched.includes(key)));
    for (const pull of touching.toSorted((one, other) => other.number - one.number)) {
      for (const name of namesOf(project, pull.number)) {
        if (!(await mayHold(project.owner, name, plan, context))) continue;
        if (!(await wasMerged(pull.number, context))) continue;
        const builds = await buildsIn(project.owner, name, context);
        if (builds !== undefined) found.push({ name, builds, trusted: isTrusted(project, pull, context) });
      }
    }
    return found;
  };
}

/** As the project is called, and as it was before. */
function keysOf({ owner, name, renamedFrom }: Project): readonly string[] {
  return [`${owner}/${name}`, ...(renamedFrom === null ? [] : [renamedFrom])];
}

/** Under which name the project was when it was built there: the pull request may be older than the present one. */
function namesOf({ owner, name, renamedFrom }: Project, pull: number): readonly string[] {
  const former = renamedFrom?.startsWith(`${owner}/`) ? [renamedFrom.slice(owner.length + 1)] : [];
  return [name, ...former].map((each) => sandboxOf(each, pull));
}

async function mayHold(owner: string, name: string, plan: Plan, { built }: FinderContext): Promise<boolean> {
  if (built.buildsOf(owner, name).length === 0) return false;
  const last = await built.lastOf(owner, name);
  return last.some(
    (one) =>
      one.state === 'succeeded' &&
      plan.builds.some(
        (build) =>
          build.package === one.package &&
          build.chroots.some(({ chroot, inputDigest }) => chroot === one.chroot && inputDigest === one.inputDigest),
      ),
  );
}

async function wasMerged(pull: number, { isMerged, log }: FinderContext): Promise<boolean> {
  try {
    return await isMerged(pull);
  } catch (error) {
    log('warn', `Whether pull request ${pull} was merged could not be asked: what it tested is built again`, { error });
    return false;
  }
}

/** Whether its author may build the project by the rights that were in force when it was merged. */
function isTrusted(stated: Project, { author }: KnownPull, { config }: FinderContext): boolean {
  const at = config();
  const project = at?.config.projects.find((one) => keysOf(stated).includes(projectKey(one)));
  return at !== undefined && project !== undefined && mayBuild(at.config.policy, project, author);
}

/** All of a sandbox, from records and queue; undefined when a record of it cannot be read: nobody knows what it was. */
async function buildsIn(
  owner: string,
  name: string,
  { queue, built, publishedFolder }: FinderContext,
): Promise<readonly SandboxBuild[] | undefined> {
  const live = queue.builds().filter((build) => build.owner === owner && build.project === name);
  const found: SandboxBuild[] = live.flatMap((build) =>
    build.chroots.map(({ chroot, inputDigest, state, startedAt, endedAt }) => {
      const times = { startedAt, endedAt, made: [], buildroot: null };
      return { id: build.id, package: build.package, chroot, inputDigest, state, ...times };
    }),
  );
  for (const ref of built.buildsOf(owner, name)) {
    const results = await built.results(ref);
    for (const chroot of ref.chroots) {
      if (found.some((one) => one.id === ref.id && one.chroot === chroot)) continue;
      const result = results.get(chroot);
      if (result === undefined) return undefined;
      const { inputDigest, state, startedAt, endedAt } = result;
      found.push({
        ...{ id: ref.id, package: ref.package, chroot, inputDigest, state, startedAt, endedAt },
        made: result.artifacts.map(({ nevra }) => withoutEpoch(nevra)),
        buildroot: await readBuildroot(join(publishedFolder, published.chrootBuild(ref, chroot))),
      });
    }
  }
  return found;
}

const maximumLogBytes = 4 * 1024 ** 2;

/** What mock says was installed, a package a line; null when it says nothing. */
async function readBuildroot(folder: string): Promise<SandboxBuild['buildroot']> {
  const read = await readRegularFile(join(folder, 'installed_pkgs.log'), maximumLogBytes);
  const names = read?.kind === 'text' ? read.text.split('\n').flatMap((line) => line.match(/^\S+(?= )/) ?? []) : [];
  return names.length === 0 ? null : new Set(names.map(withoutEpoch));
}

/** Whoever writes a NEVRA may leave the epoch out. */
function withoutEpoch(nevra: string): string {
  return nevra.replace(/-\d+:/, '-');
}
