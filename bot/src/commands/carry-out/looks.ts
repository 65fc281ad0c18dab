// Gathers what is known of a package for /status and /explain.
import type { Waiting } from '@coppice/builder-runner/runner';
import { isFinal, type PlanSelection, type Project, projectKey, readSandbox } from '@coppice/config';
import type { ConfigAtCommit } from '../../config-repo/config-in-force.ts';
import { seenBuilds } from '../../planning/built.ts';
import { planNow } from '../../planning/planner.ts';
import { sourceOf } from '../../planning/source-of.ts';
import { explainBuild, explainPackage } from '../../reply/explain.ts';
import { waits, waitsInShort } from '../../reply/publications.ts';
import { buildsOfPackage } from '../../reply/status.ts';
import { type BuildView, refOf } from '../../vocabulary/build-view.ts';
import type { Action } from '../decide/action.ts';
import type { CommandContext } from './done.ts';

type Of<Kind extends Action['kind']> = Extract<Action, { readonly kind: Kind }>;

export async function statusOfPackage(action: Of<'status'>, context: CommandContext): Promise<string> {
  const { project, package: name } = action;
  const builds = await lastBuilds(project, name, context);
  const said = buildsOfPackage(`${projectKey(project)}/${name}`, builds, context.url);
  return [said, waitsInShort(project, await waitingOf(project, context), name)]
    .filter((part) => part !== '')
    .join('\n\n');
}

/** So many projects are looked at for one answer. */
const maximumProjects = 100;

export async function statusOfProjects(
  { markdown, projects, all }: Of<'status-of-projects'>,
  context: CommandContext,
): Promise<string> {
  const parts = [markdown];
  for (const project of projects.slice(0, maximumProjects)) {
    const waiting = await waitingOf(project, context);
    parts.push(all ? waitsInShort(project, waiting) : waits(project, waiting));
  }
  return parts.filter((part) => part !== '').join('\n\n');
}

/** Of a project that publishes each build at once nothing waits. */
async function waitingOf(project: Project, { projects }: CommandContext): Promise<readonly Waiting[]> {
  return project.publish === 'each' ? [] : await projects.waiting(project);
}

export async function explain(action: Of<'explain'>, at: ConfigAtCommit, context: CommandContext): Promise<string> {
  const { project, package: name } = action;
  const { queue, url } = context;
  const parts: string[] = [];
  // Of a package that waits or is being built, that is the answer.
  const builds = project === undefined ? [] : await lastBuilds(project, name, context);
  const build = action.build ?? builds.find(({ state }) => !isFinal(state));
  if (build !== undefined) {
    const waitsFor = (queue.build(build.id)?.after ?? []).filter((id) => queue.build(id) !== undefined);
    parts.push(explainBuild(build, isFinal(build.state) ? [] : waitsFor, url));
  }
  const stated = project?.packages.find((one) => one.name === name);
  if (project === undefined || stated === undefined) {
    const sandbox = build === undefined ? undefined : readSandbox(build.project);
    parts.push(
      sandbox === undefined
        ? 'The config does not state this package any more.'
        : `It is a build of pull request #${sandbox.pull}, of what is proposed there.`,
    );
    return parts.join('\n\n');
  }
  if (build !== undefined && !isFinal(build.state)) return parts.join('\n\n');
  const selection: PlanSelection = { project: projectKey(project), packages: [name], chroots: [] };
  const plan = await planNow({ at, selections: [selection], force: false }, context);
  const [last] = builds;
  const states = new Map(
    (await seenBuilds(context, project.owner, [project.name]))
      .filter((one) => one.owner === project.owner && one.project === project.name)
      .map((one) => [one.package, one.state] as const),
  );
  const needs = new Map(stated.needs.map((need) => [need, states.get(need)] as const));
  const lastSource = last === undefined ? undefined : await sourceOf(last, context);
  const waiting = waitsInShort(project, await waitingOf(project, context), name);
  parts.push(explainPackage({ project, package: name, plan, builds, lastSource, needs, waiting }, url));
  return parts.join('\n\n');
}

/** The last build of each chroot of a package, and those in the queue; newest first. */
async function lastBuilds(
  project: Project,
  name: string,
  { queue, built, view }: CommandContext,
): Promise<readonly BuildView[]> {
  const live = queue
    .builds()
    .filter((one) => one.owner === project.owner && one.project === project.name && one.package === name);
  const ended = (await built.lastOf(project.owner, project.name)).filter((one) => one.package === name);
  const refs = [...live.map(refOf), ...ended.map(({ id }) => built.find(id as never))].filter(
    (ref) => ref !== undefined,
  );
  const each = new Map(refs.map((ref) => [ref.id, ref]));
  return await Promise.all([...each.values()].sort((a, b) => b.id - a.id).map(view));
}
