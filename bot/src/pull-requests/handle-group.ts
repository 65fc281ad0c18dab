// Works off that a merge queue waits for a check: fetch → judge → plan → say so. Nothing is queued: what is merged
// comes as a push.
import { type Plan, projectKey } from '@coppice/config';
import type { MergeGroup } from '../github/repository.ts';
import { builtFromQueue, builtUnderFormerName } from '../planning/built.ts';
import type { Check } from '../vocabulary/answer.ts';
import type { Handled } from '../vocabulary/bot-state.ts';
import { groupCheckKey } from '../vocabulary/check-key.ts';
import type { Job } from '../vocabulary/job.ts';
import { countingLeaving } from '../vocabulary/leaving.ts';
import { backgroundOf } from './examine-pull.ts';
import type { PullContext } from './handle-pull.ts';
import { type HeadFacts, type HeadPlace, Unjudgeable } from './head-facts.ts';
import { builtBefore } from './plan-pull.ts';
import * as say from './say-group.ts';

type GroupJob = Extract<Job, { kind: 'group' }>;

/**
 * `batch` is the same when it is worked off again. Rejects on faults of the machinery only: GitError, GitHub's. Each
 * check that is waited for is given, also for what goes into other branches.
 */
export async function handleGroup(
  { commit, what }: Pick<GroupJob, 'commit' | 'what'>,
  batch: string,
  context: PullContext,
): Promise<Handled> {
  const there = await context.github.mergeGroups();
  const known = context.groups().filter((one) => there.some((group) => group.commit === one));
  const group = there.find((one) => one.commit === commit);
  const check = (report: say.GroupReport): Check => ({
    ...{ kind: 'config', key: groupCheckKey(commit, what === 'again' ? batch : undefined), commit },
    ...{ checkRunId: null, sentAnnotations: 0 },
    ...report,
  });
  if (group === undefined) return { checks: what === 'again' ? [check(say.groupEnded())] : [], groups: known };
  if (what === 'ended' || (what === 'checks' && known.includes(commit))) return { checks: [], groups: known };
  const report = await judgeGroup(group, context);
  context.log('info', `Merge queue for ${group.base} at ${commit}: ${report.title}`);
  return { checks: [check(report)], groups: [...known.filter((one) => one !== commit), commit] };
}

async function judgeGroup(group: MergeGroup, context: PullContext): Promise<say.GroupReport> {
  const { github, mirror, heads, written, settings } = context;
  const { branch } = await github.head();
  if (group.base !== branch) return say.otherBranch(group.base, branch);
  const tip = await mirror.fetchGroup(group, branch);
  const base = written();
  const place = { head: group.commit, tip, inForce: base?.commit, merged: true } as const;
  const facts = await heads.examine(place, backgroundOf(base, context)).catch(orUnjudgeable);
  if (facts instanceof Unjudgeable) return say.groupUnjudged(facts.message);
  if (!facts.changes.ours) return say.groupUntouched();
  if (facts.problems.length > 0) return say.groupProblems(facts.problems, base?.commit ?? null);
  const plan = await planGroup(place, facts, context).catch(orUnjudgeable);
  // It has no problems: that what it builds is too much to be listed keeps nobody from merging it.
  const unplanned = plan instanceof Unjudgeable ? plan.message : undefined;
  const service = { graceSeconds: settings.deletion.graceSeconds, url: context.url };
  return say.groupPlan(plan instanceof Unjudgeable ? noPlan : plan, facts, service, unplanned);
}

const noPlan: Plan = { builds: [], skipped: [], unknown: [], cycles: [], expectedSeconds: null };

function orUnjudgeable(error: unknown): Unjudgeable {
  if (error instanceof Unjudgeable) return error;
  throw error;
}

/** What its push will queue, as things are now. */
async function planGroup(place: HeadPlace, { fates }: HeadFacts, context: PullContext): Promise<Plan> {
  const { queue, built, heads, written } = context;
  const base = written();
  const renamed = fates.flatMap((fate) => (fate.kind === 'renames' ? [fate.to] : []));
  const keys = [...(base === undefined ? [] : countingLeaving(base).projects.map(projectKey)), ...renamed];
  const live = Map.groupBy(builtFromQueue(queue.builds()), ({ owner, project }) => `${owner}/${project}`);
  const before = await builtBefore(keys, context, async (owner, project) => [
    ...(await builtUnderFormerName(owner, project, fates, built.lastOf)),
    ...(live.get(`${owner}/${project}`) ?? []),
  ]);
  const asker = { login: '', request: '', batch: '' };
  const wish = { selections: [], force: false, leavesUnbuilt: true, lookUp: false, ...before, asker };
  return (await heads.plan(place, wish)).plan;
}
