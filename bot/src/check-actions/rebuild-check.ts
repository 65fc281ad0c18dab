// Works off "Rebuild" and "Re-run" of the check of a build: built again as it is stated now, or a word why not.
import { type ChrootName, findProject, mayBuild, projectKey, readSandbox, whoMayBuild } from '@coppice/config';
import { findBuild } from '../planning/built.ts';
import type { PullContext } from '../pull-requests/handle-pull.ts';
import { buildPullRequest } from '../pull-requests/pull-commands.ts';
import { skippedNotes } from '../reply/accepted.ts';
import type { Check } from '../vocabulary/answer.ts';
import type { Handled } from '../vocabulary/bot-state.ts';
import type { BuildRef } from '../vocabulary/build-view.ts';
import { buildCheckKey, type CheckSubject } from '../vocabulary/check-key.ts';
import type { KnownPull } from '../vocabulary/known-pull.ts';
import { goOnIn, overCheck, type Run } from './over-check.ts';
import { type CheckJob, queueAgain } from './queue-again.ts';
import * as say from './say.ts';

export type BuildSubject = Extract<CheckSubject, { kind: 'build' }>;
type Rebuilt = { readonly checks: readonly Check[]; readonly pulls?: readonly KnownPull[] } | { readonly why: string };

/** `run`: where the button is. It ends, or goes on, or shows its build as it was, and why. */
export async function rebuild(
  job: CheckJob,
  { id, chroot }: BuildSubject,
  run: Run,
  batch: string,
  context: PullContext,
): Promise<Handled> {
  const ref = findBuild(id, context);
  if (ref === undefined) {
    return { checks: [overCheck(buildCheckKey(id, chroot), job.commit, run, say.buildGone(id))] };
  }
  const sandbox = readSandbox(ref.project);
  const done: Rebuilt =
    sandbox === undefined
      ? await rebuildOfProject(job, ref, chroot, batch, context)
      : await rebuildOfPull(job, ref, chroot, sandbox, batch, context);
  if ('why' in done) {
    context.log('info', `${job.actor} asked for build ${id} again: ${done.why}`);
    return { checks: [checkAsItWas(job, ref, chroot, run, done.why)] };
  }
  const checks = done.checks.map((check) => ({ ...check, commit: job.commit }));
  const handled = { ...done, checks };
  return goOnIn(run, job.commit, handled) ?? handled;
}

/** The check of a build as that is, with a word before it. */
export function checkAsItWas(job: CheckJob, build: BuildRef, chroot: ChrootName, run: Run, note: string): Check {
  const key = buildCheckKey(build.id, chroot);
  return { kind: 'build', key, commit: job.commit, checkRunId: run.id, build, chroot, note };
}

async function rebuildOfPull(
  job: CheckJob,
  ref: BuildRef,
  chroot: ChrootName,
  sandbox: { readonly project: string; readonly pull: number },
  batch: string,
  context: PullContext,
): Promise<Rebuilt> {
  const known = context.pulls().find(({ number }) => number === sandbox.pull);
  if (known === undefined || known.closedAt !== null) return { why: say.closedPull(sandbox.pull).summary };
  if (known.head !== job.commit) return { why: 'The head of the pull request has moved since.' };
  const packages = [`${ref.owner}/${sandbox.project}/${ref.package}`];
  const wish = { number: sandbox.pull, actor: job.actor, line: '', url: job.url, writtenAt: undefined };
  const done = await buildPullRequest({ ...wish, packages, chroots: [chroot] }, batch, context);
  if (done.checks.length > 0) return { checks: done.checks, pulls: done.pulls ?? [] };
  return { why: done.section.kind === 'text' ? done.section.markdown : 'There is nothing to build.' };
}

async function rebuildOfProject(
  job: CheckJob,
  ref: BuildRef,
  chroot: ChrootName,
  batch: string,
  context: PullContext,
): Promise<Rebuilt> {
  const at = context.config();
  const project = at && findProject(at.config.projects, ref.owner, ref.project);
  if (at === undefined || project === undefined) return { why: 'Its project does not exist any more.' };
  const { policy } = at.config;
  if (!mayBuild(policy, project, job.actor)) {
    return { why: say.mayNot(job.actor, 'build', projectKey(project), whoMayBuild(policy, project)) };
  }
  if (!project.packages.some(({ name }) => name === ref.package)) {
    return { why: 'The config in force does not state this package any more.' };
  }
  const selection = { packages: [ref.package], chroots: [chroot], force: true };
  const { checks, skipped } = await queueAgain(job, at, [project], selection, batch, context);
  if (checks.length > 0) return { checks };
  return { why: skippedNotes(skipped) || 'The config in force does not state it for this chroot any more.' };
}
