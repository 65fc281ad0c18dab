// What the check "coppice / config" says on what a merge queue would merge. Pure.
import type { Plan, Problem } from '@coppice/config';
import { reportProblems } from '../reply/config-problems.ts';
import { code } from '../reply/escape.ts';
import { planBody } from '../reply/plan.ts';
import type { CheckAnnotation } from '../vocabulary/answer.ts';
import { untouchedReport } from './say.ts';

export interface GroupReport {
  readonly good: boolean;
  readonly conclusion?: 'neutral';
  readonly title: string;
  readonly summary: string;
  readonly annotations: readonly CheckAnnotation[];
}

export function groupUntouched(): GroupReport {
  const { title, summary } = untouchedReport();
  return { good: true, title, summary, annotations: [] };
}

/** `goodCommit` is the config in force, null when there is none yet. */
export function groupProblems(problems: readonly Problem[], goodCommit: string | null): GroupReport {
  return { good: false, ...reportProblems(problems, goodCommit) };
}

/** `notes`: sentences about what it means to merge it. */
export function groupPlan(plan: Plan, notes: readonly string[]): GroupReport {
  const n = plan.builds.length;
  const what = n === 0 ? 'Merging it builds nothing.' : 'Nothing of it is built before it is merged. Then these are:';
  return {
    good: true,
    title: n === 0 ? 'Valid; nothing to build' : `Valid; merging it builds ${n} ${n === 1 ? 'package' : 'packages'}`,
    summary: [`It has no problems. ${what}`, planBody(plan, []), ...notes].filter((part) => part !== '').join('\n\n'),
    annotations: [],
  };
}

/** Into a branch that nothing is built of. */
export function otherBranch(base: string, defaultBranch: string): GroupReport {
  return {
    good: true,
    title: 'Not for the default branch',
    summary: `It goes into ${code(base)}. Only what is in ${code(defaultBranch)} counts, so there is nothing to check.`,
    annotations: [],
  };
}

/** Somebody asks for it again when the queue has merged it, or given it up. */
export function groupEnded(): GroupReport {
  return {
    good: true,
    conclusion: 'neutral',
    title: 'The merge queue is done with it',
    summary:
      'It was merged or taken out of the queue; the check of the default branch, or of the pull request, counts.',
    annotations: [],
  };
}
