// What the check "coppice / config" says on what a merge queue would merge. Pure.
import type { Plan, Problem } from '@coppice/config';
import { reportProblems } from '../reply/config-problems.ts';
import { code } from '../reply/escape.ts';
import { fateNotes, withFates } from '../reply/fates.ts';
import { planBody } from '../reply/plan.ts';
import type { CheckAnnotation } from '../vocabulary/answer.ts';
import type { HeadFacts } from './head-facts.ts';
import { maximumNotes, untouchedReport } from './say.ts';

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

/** What becomes of projects is said as on pull requests. `unplanned`: why there is no plan. */
export function groupPlan(
  plan: Plan,
  { fates, demands }: Pick<HeadFacts, 'fates' | 'demands'>,
  service: { readonly graceSeconds: number; readonly url: string },
  unplanned?: string,
): GroupReport {
  const n = plan.builds.length;
  const nothing = 'Valid; nothing to build';
  const title =
    unplanned !== undefined
      ? 'Valid; what merging it builds is not listed'
      : n === 0
        ? nothing
        : `Valid; merging it builds ${n} ${n === 1 ? 'package' : 'packages'}`;
  const then = n === 0 ? 'Merging it builds nothing.' : 'Nothing of it is built before it is merged. Then these are:';
  const what = unplanned === undefined ? then : `What merging it builds could not be planned: ${unplanned}`;
  const summary = [
    fateNotes(fates, { when: 'merged', ...service }),
    `It has no problems. ${what}`,
    planBody(plan, []),
    ...demands.notes.slice(0, maximumNotes),
  ];
  return {
    good: true,
    title: withFates(fates, title, nothing),
    summary: summary.filter((part) => part !== '').join('\n\n'),
    annotations: [],
  };
}

/** It is too much to be judged, and why. */
export function groupUnjudged(why: string): GroupReport {
  return {
    good: false,
    title: 'This head could not be judged',
    summary: `${why}\n\nA queue that merges fewer pull requests at once asks for less; **Re-run** judges it again.`,
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
