// What the check "coppice / config" says on the head of a pull request, and what is answered to commands on one. Pure.
import { forHowLong, formatProblem, type Plan, sandboxOf } from '@coppice/config';
import { reportProblems } from '../reply/config-problems.ts';
import { code, codeBlock, list } from '../reply/escape.ts';
import { fateNotes, withFates } from '../reply/fates.ts';
import { planBody } from '../reply/plan.ts';
import type { CheckAnnotation } from '../vocabulary/answer.ts';
import type { ApprovalRefusal, Standing } from './approval.ts';
import type { Examined } from './examine-pull.ts';

interface PullReport {
  readonly good: boolean;
  readonly conclusion?: 'neutral' | 'action_required';
  readonly title: string;
  readonly summary: string;
  readonly annotations: readonly CheckAnnotation[];
}

/** How the builds of a pull request stand when its check is written. `ids` are their numbers. */
export type Start =
  | { readonly kind: 'queued'; readonly ids: readonly number[] }
  /** They were queued before the service was restarted. */
  | { readonly kind: 'queued before'; readonly ids: readonly number[] }
  | { readonly kind: 'draft' }
  | { readonly kind: 'moved' }
  | { readonly kind: 'waiting'; readonly who: readonly string[] };

/** A head with nothing of ours. It ends at once: a check that never ends would keep it from being merged. */
export function untouchedReport(): PullReport {
  return {
    good: true,
    title: 'Nothing of Coppice is changed',
    summary:
      'It changes neither `coppice.yaml` nor anything in `projects/`, `packages/` or `chroots/`: there is nothing to check and nothing to build.',
    annotations: [],
  };
}

/** A head that is too much to be judged, and why. It ends, and is not judged again before somebody pushes or asks. */
export function unjudgedReport(examined: Examined, why: string): PullReport {
  const again = 'Nothing was queued. It is judged again when its head moves, or with **Re-run**.';
  const summary = [conflictNote(examined), why, again].filter((part) => part !== '').join('\n\n');
  return { good: false, title: withConflict(examined, 'This head could not be judged'), summary, annotations: [] };
}

/** A head of a pull request that went into the default branch and does so no more. */
export function elsewhereReport(): PullReport {
  return {
    good: true,
    conclusion: 'neutral',
    title: 'Goes into another branch now',
    summary:
      'Its base was changed, and only what is to go into the default branch is checked and built. Its builds were ended; they begin anew when its base is the default branch again.',
    annotations: [],
  };
}

/**
 * A head with problems, or one of a repository whose own config cannot be read yet. `goodCommit` is the one in force.
 */
export function problemsReport(examined: Examined, goodCommit: string | null): PullReport {
  const { problems } = examined;
  if (problems.length > 0) {
    const report = reportProblems(problems, goodCommit);
    const summary = [conflictNote(examined), report.summary].filter((part) => part !== '').join('\n\n');
    return { good: false, ...report, title: withConflict(examined, report.title), summary };
  }
  return {
    good: true,
    title: 'Valid; no config is in force yet',
    summary:
      'It has no problems. Nobody has rights until the default branch has a config without problems, so nothing is built.',
    annotations: [],
  };
}

/**
 * A head without problems. `why`: what its author's rights lack; `unread`: what is wrong with teams;
 * `lower`: versions that are lower than published ones. All in Markdown.
 */
export function planReport(
  examined: Examined,
  standing: Standing,
  plan: Plan,
  start: Start,
  {
    why,
    unread = [],
    lower = '',
  }: { readonly why?: string | undefined; readonly unread?: readonly string[]; readonly lower?: string } = {},
): PullReport {
  const { demands, blocked, fates, graceSeconds, url } = examined;
  if (start.kind === 'moved') return movedReport;
  const waits = start.kind === 'waiting';
  const summary = [
    conflictNote(examined),
    fateNotes(fates, { when: 'merged', graceSeconds, url }),
    verdict(examined, standing, plan, start),
    why ?? '',
    ...unread,
    lower,
    // Whoever let it be built otherwise is one.
    demands.adminReasons.length === 0 || !waits
      ? ''
      : `Only an admin can let it be built: ${someOf(demands.adminReasons)}.`,
    blocked.length === 0 ? '' : codeBlock(blocked.slice(0, 40).map(formatProblem)),
    planBody(plan, 'ids' in start && start.kind === 'queued' ? start.ids : []),
    plan.builds.length === 0 ? '' : destination(plan, examined),
    ...demands.notes.slice(0, maximumNotes),
  ];
  return {
    // What it says of a project's name cannot be done, and would lose what the other one has.
    good: !waits && !fates.some(({ kind }) => kind === 'apart'),
    ...(waits ? { conclusion: 'action_required' as const } : {}),
    title: withConflict(examined, withFates(fates, titleOf(examined, plan, start))),
    summary: summary.filter((part) => part !== '').join('\n\n'),
    annotations: [],
  };
}

/** What is said of projects one by one; a pull request may touch thousands. */
export const maximumNotes = 50;

function someOf(all: readonly string[]): string {
  const more = all.length - maximumNotes;
  return [...all.slice(0, maximumNotes), ...(more > 0 ? [`and ${more} more`] : [])].join(', ');
}

const movedReport: PullReport = {
  good: true,
  conclusion: 'neutral',
  title: 'Replaced by a later push',
  summary: 'Its head moved before its builds were queued; the check on the new head says what is built.',
  annotations: [],
};

/** What is left when the head has not moved. */
type Settled = Exclude<Start, { readonly kind: 'moved' }>;

/** What cannot be merged is judged all the same: its author sees at once what else there is. */
function conflictNote({ conflicts, pull }: Examined): string {
  if (conflicts === undefined) return `Whether it conflicts with ${code(pull.base)} could not be found out.`;
  if (conflicts.length === 0) return '';
  return `It conflicts with ${code(pull.base)} in ${list(conflicts)}, so it cannot be merged as it is: merge or rebase, and push again. What follows is about its head alone.`;
}

function withConflict({ conflicts, pull }: Examined, title: string): string {
  if (conflicts === undefined || conflicts.length === 0) return title;
  return `Conflicts with ${pull.base}; ${title.charAt(0).toLowerCase()}${title.slice(1)}`.slice(0, 250);
}

function titleOf({ demands, blocked }: Examined, plan: Plan, start: Settled): string {
  const n = plan.builds.length;
  switch (start.kind) {
    case 'waiting':
      return `Needs /approve by ${demands.adminReasons.length > 0 ? 'an admin' : 'a maintainer'}`;
    case 'draft':
      return 'A draft: nothing is built yet';
    case 'queued before':
      return `${start.ids.length} ${start.ids.length === 1 ? 'build' : 'builds'} queued`;
    case 'queued':
      if (blocked.length > 0) return 'Valid; it can be built once it is merged';
      return n === 0 ? 'Nothing to build' : `${n} ${n === 1 ? 'build' : 'builds'} queued`;
  }
}

function verdict({ blocked, known }: Examined, standing: Standing, plan: Plan, start: Settled): string {
  switch (start.kind) {
    case 'waiting':
      return `It has no problems. Nothing is built before somebody who may writes \`/approve\` (or \`/approve ${known.head}\`) here: ${names(start.who)}. An approval is for this head only.`;
    case 'draft':
      return 'It has no problems. It is a draft: its builds start when it is ready for review, or with `/build`.';
    case 'queued before':
      return 'Its builds were queued before the service was restarted.';
    case 'queued':
      if (blocked.length > 0) {
        return 'It has no problems once it is merged. The policy in force does not allow it yet, so it cannot be built before:';
      }
      if (plan.builds.length === 0) return 'It has no problems.';
      return standing.kind === 'approved'
        ? `It has no problems. ${code(standing.by)} approved this head.`
        : 'It has no problems.';
  }
}

function destination({ builds }: Plan, { known, keptSeconds }: Examined): string {
  const keys = new Set(builds.map(({ owner, project }) => `${owner}/${sandboxOf(project, known.number)}`));
  const sandboxes = someOf([...keys].map((key) => code(key)));
  const until =
    keptSeconds === undefined
      ? ''
      : ` They stay there until ${forHowLong(keptSeconds)} after this pull request is closed.`;
  return `The builds go to ${sandboxes}, never into the repository of a project. The check of each says how to install it.${until}`;
}

/** Names as code, so that nobody is notified by being named. */
function names(who: readonly string[]): string {
  const shown = who.slice(0, 20).map((name) => code(name));
  return who.length > shown.length ? `${shown.join(', ')} and ${who.length - shown.length} more` : shown.join(', ');
}

export function closedPull(number: number): string {
  return `Pull request ${number} is closed: nothing is built of it.`;
}

export function notOurs(): string {
  return 'This pull request changes nothing of Coppice: there is nothing to build.';
}

export function hasProblems(): string {
  return 'This head has problems, so nothing can be built of it. The check "coppice / config" says each on its line.';
}

export function onlyAfterMerge(): string {
  return 'The policy in force does not allow what this pull request states, so it can be built only once it is merged. The check "coppice / config" says why.';
}

export function notIntoDefault(): string {
  return 'This pull request does not go into the default branch: I leave it alone.';
}

/** Answers to `/build` that queues nothing. */
export function nothingPlanned(): string {
  return 'There is nothing to build. The check "coppice / config" says why.';
}

export function buildsAgain(): string {
  return '*Re-run* on the check of a build builds that again, `/build --force` all that this pull request changes.';
}

/** Answers to `/build` of a head that nobody let be built. */
export function needsApproval(head: string, who: readonly string[]): string {
  return `This head is not approved. These may write \`/approve\` or \`/approve ${head}\`: ${names(who)}.`;
}

export function movedMeanwhile(): string {
  return 'The head of this pull request moved while I did this, so nothing was queued. Look at the new one and ask again.';
}

export function mayNotBuildPull(actor: string, who: readonly string[]): string {
  return `Sorry, ${code(actor)} may not build what this pull request changes. These may: ${names(who)}.`;
}

/** Why an approval does not count. `head` is what it would have to be for. */
export function approvalRefused(
  why: ApprovalRefusal,
  actor: string,
  sha: string | undefined,
  head: string,
  who: readonly string[],
): string {
  const again = `Look at it, then write \`/approve ${head}\`.`;
  switch (why) {
    case 'not allowed':
      return `Sorry, ${code(actor)} may not approve this pull request. These may: ${names(who)}.`;
    case 'not a full SHA':
      return `${code(sha ?? '', 100)} is no whole commit id; short ones can be made to fit two commits. The head is \`${head}\`.`;
    case 'another SHA':
      return `${code(sha ?? '', 100)} is not the head of this pull request (any more), so approving it does nothing. The head is \`${head}\`. ${again}`;
    case 'head moved':
      return `The head of this pull request is \`${head}\` now, and I had not seen it when you wrote. ${again}`;
  }
}

export function alreadyApproved(): string {
  return 'It needs no approval: what could be built of this head is built or on its way. `/build` builds it again.';
}
