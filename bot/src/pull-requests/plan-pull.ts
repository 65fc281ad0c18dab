// Plans what a pull request changes, and queues it for its sandboxes. Its head and its rights are looked at once more
// right before.
import { setImmediate } from 'node:timers/promises';
import {
  type BuildRequest,
  type BuiltChroot,
  findPresent,
  type PlanSelection,
  type Project,
  projectKey,
  type QueuedBuild,
  sandboxOf,
} from '@coppice/config';
import type { ConfigAtCommit } from '../config-repo/config-in-force.ts';
import type { Github } from '../github/github.ts';
import { builtUnderFormerName, seenBuilds } from '../planning/built.ts';
import type { Asker } from '../planning/plan-requests.ts';
import type { PlanContext } from '../planning/planner.ts';
import { countingLeaving } from '../vocabulary/leaving.ts';
import { nameOf } from '../vocabulary/project-name.ts';
import { standingOf } from './approval.ts';
import type { Examined } from './examine-pull.ts';
import type { HeadPlan, HeadWish } from './head-facts.ts';
import type { HeadReader } from './read-head.ts';

interface BuildContext extends PlanContext {
  readonly heads: HeadReader;
  readonly github: Github;
  readonly config: () => ConfigAtCommit | undefined;
}

/** What of it is to be built; empty lists mean all that it changes. */
export interface PullSelection {
  readonly packages: readonly string[];
  readonly chroots: readonly string[];
  readonly force: boolean;
}

const nothingPlanned: HeadPlan = {
  plan: { ...{ builds: [], skipped: [], unknown: [], cycles: [], expectedSeconds: null }, unpinned: [] },
  requests: [],
  annotations: [],
  versions: [],
};

/**
 * `lookUp`: other people's servers may be asked what their branches are; not for somebody whom nobody trusts yet.
 * Throws Unjudgeable.
 */
export async function planPull(
  { place, packages, known, fates }: Examined,
  selection: PullSelection,
  lookUp: boolean,
  asker: Asker,
  context: BuildContext,
): Promise<HeadPlan> {
  if (packages === undefined) return nothingPlanned;
  const selections = [...packages].flatMap(([key, { all, changed }]): PlanSelection[] => {
    const wanted = new Set(selection.packages);
    const names = wanted.size > 0 ? all.filter((name) => wanted.has(name) || wanted.has(`${key}/${name}`)) : changed;
    return names.length === 0 ? [] : [{ project: key, packages: names, chroots: selection.chroots }];
  });
  // No selection at all would mean everything.
  if (selections.length === 0) return nothingPlanned;
  const keys = selections.map(({ project = '' }) => project);
  const before = await builtBefore(keys, context, async (owner, project) => {
    const sandbox = sandboxOf(project, known.number);
    const seenOf = async (itsOwner: string, its: string) =>
      (await seenBuilds(context, itsOwner, [its])).filter((one) => one.owner === itsOwner && one.project === its);
    const all = [await seenOf(owner, sandbox), await builtUnderFormerName(owner, project, fates, seenOf)].flat();
    return preferSandbox(all, project, sandbox);
  });
  const { force } = selection;
  return await context.heads.plan(place, { selections, force, lookUp, ...before, asker });
}

/** What the thread that plans a head has to know of projects. `seen`: what has been, and is being, built of one. */
export async function builtBefore(
  keys: readonly string[],
  { built, settings }: Pick<PlanContext, 'built' | 'settings'>,
  seen: (owner: string, project: string) => Promise<readonly BuiltChroot[]>,
): Promise<Pick<HeadWish, 'rules' | 'built' | 'expectedSeconds'>> {
  const before = new Map<string, readonly BuiltChroot[]>();
  const expectedSeconds = new Map<string, number>();
  for (const key of keys) {
    const { owner, name: project } = nameOf(key);
    const all = await seen(owner, project);
    before.set(key, all);
    for (const one of all) {
      const seconds = built.expectedSeconds(owner, project, one.package, one.chroot);
      if (seconds !== null) expectedSeconds.set(`${key}/${one.package}/${one.chroot}`, seconds);
    }
    // There may be many: others have their turn in between.
    await setImmediate();
  }
  const { git, sources } = settings;
  return { rules: { git, sources }, built: before, expectedSeconds };
}

/** What has been built of a project as its sandbox sees it: its own word first, else the project's. Pure. */
export function preferSandbox(all: readonly BuiltChroot[], project: string, sandbox: string): readonly BuiltChroot[] {
  const place = (one: BuiltChroot) => `${one.package}/${one.chroot}`;
  const own = all.filter((one) => one.project === sandbox);
  const places = new Set(own.map(place));
  const others = all.filter((one) => one.project === project && !places.has(place(one)));
  return [...own.map((one) => ({ ...one, project })), ...others];
}

/**
 * Requests for the project as requests for its sandbox, which finds what it does not build itself in the project, under
 * the name that it has before the merge. `stated`: the projects of the config in force, where one may have got another
 * name since the pull request was begun. Pure.
 */
export function inSandbox(
  request: BuildRequest,
  pull: number,
  fates: Examined['fates'],
  stated: readonly Project[] = [],
): BuildRequest {
  const { owner, project } = request;
  const key = `${owner}/${project}`;
  const renamed = fates.find((one) => one.kind === 'renames' && one.to === key);
  const present = findPresent(stated, key);
  const base = renamed?.kind === 'renames' ? renamed.from : present === undefined ? key : projectKey(present);
  return { ...request, project: sandboxOf(project, pull), repos: [...request.repos, `coppice://${base}`] };
}

/** The builds; or why there are none: its head has moved or it was closed, or nobody may let it be built (any more). */
export async function enqueuePull(
  { known, fates }: Pick<Examined, 'known' | 'fates'>,
  requests: HeadPlan['requests'],
  { queue, github, config }: BuildContext,
): Promise<readonly QueuedBuild[] | 'moved' | 'not allowed'> {
  if (requests.length === 0) return [];
  const now = await github.pull(known.number);
  if (!now.open || now.head !== known.head) return 'moved';
  const base = config();
  if (base === undefined || standingOf(known, countingLeaving(base)).kind === 'waiting') return 'not allowed';
  return await queue.enqueue(requests.map((request) => inSandbox(request, known.number, fates, base.config.projects)));
}
