// Another config is about to come into force: what was published follows its projects. The one place where a push, by
// whomever, deletes, renames, forks, freezes and unfreezes.
import { type Queue, QueueError } from '@coppice/builder-runner/queue';
import type { Log, ProjectName, ProjectsPort } from '@coppice/builder-runner/runner';
import { isFinal, projectKey, type QueuedBuild, readSandbox } from '@coppice/config';
import type { BuiltIndex } from '../planning/built.ts';
import type { DepartedPackage } from '../vocabulary/departed.ts';
import type { ProjectStep } from './plan-config-change.ts';

export interface ChangeContext {
  readonly queue: Queue;
  readonly built: BuiltIndex;
  readonly projects: ProjectsPort;
  readonly log: Log;
}

/**
 * Does it before anything is planned: a project under a new name has its builds, and nothing is built that is there
 * already. The same again does nothing more. Rejects on faults of the machinery only.
 */
export async function applyConfigChange(steps: readonly ProjectStep[], context: ChangeContext): Promise<void> {
  for (const step of steps) {
    const { project } = step;
    const touched = step.kind === 'rename' ? [step.from, project] : [project];
    if (step.kind === 'remove' || step.kind === 'freeze' || step.kind === 'rename') {
      const ending = step.kind === 'rename' ? step.from : project;
      await endBuilds(projectKey(ending), isOfProject(ending), whyEnded[step.kind], context.queue);
    }
    await perform(step, context.projects);
    if (step.kind === 'describe') continue;
    for (const { owner, name } of touched) await context.built.reread(owner, name);
    context.log('info', `${step.kind}: ${touched.map(projectKey).join(' → ')}`);
  }
}

const whyEnded = {
  remove: 'Its project was deleted.',
  freeze: 'Its project was frozen.',
  rename: 'Its project was renamed.',
} as const;

async function perform(step: ProjectStep, projects: ProjectsPort): Promise<void> {
  switch (step.kind) {
    case 'remove':
      return await projects.remove(step.project);
    case 'freeze':
      return await projects.freeze(step.project);
    case 'unfreeze':
      return await projects.unfreeze(step.project);
    case 'rename':
      return await projects.rename(step.from, step.project);
    case 'describe':
      return await projects.describe(step.project, step.terms);
    case 'fork':
      return await projects.fork(step.from, step.project, step.chroots);
  }
}

/**
 * Cancels the builds of packages that nobody works on yet; a worker closes them with a record. What is under way goes
 * on.
 */
export async function cancelWaiting(
  packages: readonly DepartedPackage[],
  queue: Pick<Queue, 'builds' | 'cancel'>,
): Promise<void> {
  const gone = new Set(packages.map((one) => `${one.project}/${one.package}`));
  for (const build of queue.builds()) {
    if (!gone.has(`${build.owner}/${build.project}/${build.package}`)) continue;
    const isWaiting = build.chroots.every(({ state }) => state === 'pending' || isFinal(state));
    if (!isWaiting || build.srpmState === 'running' || build.srpmState === 'starting') continue;
    await queue.cancel(build.id, 'coppice', 'Its package left the project.');
  }
}

/** Deletes all that a package has published, and ends its builds before. Again, it does nothing more. */
export async function removePackage(
  project: ProjectName,
  name: string,
  { queue, built, projects, log }: ChangeContext,
): Promise<void> {
  const { owner } = project;
  const isOf = (build: QueuedBuild) =>
    build.owner === owner && build.project === project.name && build.package === name;
  await endBuilds(`${projectKey(project)}/${name}`, isOf, 'Its package left the project.', queue);
  await projects.removePackage(project, name);
  await built.reread(owner, project.name);
  log('info', `remove: ${projectKey(project)}/${name}`);
}

const longestWaitMilliseconds = 120_000;

/** A project's own builds and those of its sandboxes. */
function isOfProject({ owner, name }: ProjectName) {
  return (one: QueuedBuild) =>
    one.owner === owner && (one.project === name || readSandbox(one.project)?.project === name);
}

async function cancelBuild(build: QueuedBuild, why: string, queue: Queue): Promise<void> {
  if ((await queue.cancel(build.id, 'coppice', why)) === 'unknown') return;
  // What nobody works on need not wait until somebody has time to close it.
  if (build.srpmState === 'running' || build.srpmState === 'starting') return;
  for (const { chroot } of build.chroots.filter(({ state }) => state === 'pending')) {
    const outcome = { state: 'canceled', reason: null, message: why } as const;
    await queue.finish(build.id, chroot, outcome).catch((error: unknown) => {
      if (!(error instanceof QueueError) || (error.code !== 'conflict' && error.code !== 'unknown')) throw error;
    });
  }
}

/** Cancels live builds; resolves when they have left the queue, rejects when one does not. */
async function endBuilds(
  what: string,
  isMeant: (build: QueuedBuild) => boolean,
  why: string,
  queue: Queue,
): Promise<void> {
  const live = () => queue.builds().filter(isMeant);
  for (const build of live()) await cancelBuild(build, why, queue);
  if (live().length === 0) return;
  await new Promise<void>((resolve, reject) => {
    const end = (how: () => void) => {
      clearTimeout(timer);
      forget();
      how();
    };
    const forget = queue.onChange(() => live().length === 0 && end(resolve));
    const timer = setTimeout(() => {
      const ids = live().filter(({ chroots }) => chroots.some(({ state }) => !isFinal(state)));
      const which = ids.map(({ id }) => id).join(', ');
      end(() => reject(new Error(`Builds of ${what} do not end: ${which}`)));
    }, longestWaitMilliseconds);
  });
}
