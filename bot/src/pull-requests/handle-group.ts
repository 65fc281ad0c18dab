// Works off that a merge queue waits for a check: fetch → read → plan → say so. Nothing is queued: what is merged comes
// as a push.
import { parseConfigRepo } from '@coppice/config';
import { configAt } from '../config-repo/config-in-force.ts';
import type { MergeGroup } from '../github/repository.ts';
import { planNow } from '../planning/planner.ts';
import type { Check } from '../vocabulary/answer.ts';
import type { Handled } from '../vocabulary/bot-state.ts';
import { groupCheckKey } from '../vocabulary/check-key.ts';
import type { Job } from '../vocabulary/job.ts';
import { countingLeaving } from '../vocabulary/leaving.ts';
import { judgeChanges, sortChanges } from './changes.ts';
import type { PullContext } from './handle-pull.ts';
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
  const { github, mirror, written } = context;
  const { commit } = group;
  const { branch } = await github.head();
  if (group.base !== branch) return say.otherBranch(group.base, branch);
  const tip = await mirror.fetchGroup(group, branch);
  const changes = sortChanges((await mirror.changes(tip, commit)).paths);
  if (!changes.ours) return say.groupUntouched();
  const files = await mirror.read(commit);
  // Merged, its own policy is the one in force.
  const stated = parseConfigRepo(files.tree);
  const base = written();
  if (!stated.ok) return say.groupProblems(stated.problems, base?.commit ?? null);
  const at = configAt(commit, files, stated.value);
  const plan = await planNow({ at, selections: [], force: false, lookUp: false }, context);
  const { notes } = base === undefined ? { notes: [] } : judgeChanges(changes, countingLeaving(base), stated.value);
  return say.groupPlan(plan, notes);
}
