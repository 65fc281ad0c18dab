// Plans what a pull request changes, and queues it for its sandboxes. Its head and its rights are looked at once more
// right before.
import {
  type BuildRequest,
  type BuiltChroot,
  type Plan,
  type PlanSelection,
  projectKey,
  type QueuedBuild,
  sandboxOf,
} from '@coppice/config';
import type { ConfigAtCommit } from '../config-repo/config-in-force.ts';
import type { Github } from '../github/github.ts';
import { seenBuilds } from '../planning/built.ts';
import { type Asker, type PinnedPlan, requestsOf } from '../planning/plan-requests.ts';
import { type PlanContext, planNow } from '../planning/planner.ts';
import type { KnownPull } from '../vocabulary/known-pull.ts';
import { countingLeaving } from '../vocabulary/leaving.ts';
import { standingOf } from './approval.ts';
import { changedPackages } from './changes.ts';
import type { Examined } from './examine-pull.ts';

interface BuildContext extends PlanContext {
  readonly github: Github;
  readonly config: () => ConfigAtCommit | undefined;
}

/** What of it is to be built; empty lists mean all that it changes. */
export interface PullSelection {
  readonly packages: readonly string[];
  readonly chroots: readonly string[];
  readonly force: boolean;
}

const nothingPlanned: PinnedPlan = {
  ...{ builds: [], skipped: [], unknown: [], cycles: [], expectedSeconds: null },
  unpinned: [],
};

/** `lookUp`: other people's servers may be asked what their branches are; not for somebody whom nobody trusts yet. */
export async function planPull(
  { at, before, known }: Examined,
  selection: PullSelection,
  lookUp: boolean,
  context: BuildContext,
): Promise<PinnedPlan> {
  if (at === undefined) return nothingPlanned;
  const selections = known.touched.flatMap((key): PlanSelection[] => {
    const stated = at.config.projects.find((one) => projectKey(one) === key)?.packages.map(({ name }) => name) ?? [];
    const packages =
      selection.packages.length > 0
        ? stated.filter((name) => selection.packages.includes(name) || selection.packages.includes(`${key}/${name}`))
        : changedPackages(key, before, at);
    return packages.length === 0 ? [] : [{ project: key, packages, chroots: selection.chroots }];
  });
  // No selection at all would mean everything.
  if (selections.length === 0) return nothingPlanned;
  const seen = async (owner: string, project: string) => {
    const sandbox = sandboxOf(project, known.number);
    const all = await seenBuilds(context, owner, [sandbox, project]);
    return preferSandbox(
      all.filter((one) => one.owner === owner),
      project,
      sandbox,
    );
  };
  return await planNow({ at, selections, force: selection.force, lookUp, seen }, context);
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
 * Requests for the project as requests for its sandbox, which finds what it does not build itself in the project. Pure.
 */
export function inSandbox(request: BuildRequest, pull: number): BuildRequest {
  const { owner, project } = request;
  return { ...request, project: sandboxOf(project, pull), repos: [...request.repos, `coppice://${owner}/${project}`] };
}

/** The builds; or why there are none: its head has moved or it was closed, or nobody may let it be built (any more). */
export async function enqueuePull(
  known: KnownPull,
  at: ConfigAtCommit,
  plan: Plan,
  asker: Asker,
  { queue, github, config }: BuildContext,
): Promise<readonly QueuedBuild[] | 'moved' | 'not allowed'> {
  if (plan.builds.length === 0) return [];
  const now = await github.pull(known.number);
  if (!now.open || now.head !== known.head) return 'moved';
  const base = config();
  if (base === undefined || standingOf(known, countingLeaving(base)).kind === 'waiting') return 'not allowed';
  return await queue.enqueue(requestsOf(plan, at, asker).map((request) => inSandbox(request, known.number)));
}
