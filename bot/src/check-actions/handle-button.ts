// Works off what people press on GitHub's checks: Re-run, Re-run all, Cancel, Rebuild. Rights are those of the config
// in force.
import {
  type BuildId,
  type ChrootName,
  findProject,
  mayBuild,
  mayCancel,
  type PlanSelection,
  type Project,
  projectKey,
  projectOfBuild,
  readSandbox,
} from '@coppice/config';
import { checksOf } from '../answers/check-run.ts';
import type { ConfigAtCommit } from '../config-repo/config-in-force.ts';
import { findBuild } from '../planning/built.ts';
import { type Planned, planOnce } from '../planning/planner.ts';
import { handleGroup } from '../pull-requests/handle-group.ts';
import { handlePull, type PullContext } from '../pull-requests/handle-pull.ts';
import { buildPullRequest } from '../pull-requests/pull-commands.ts';
import { code } from '../reply/escape.ts';
import type { Check } from '../vocabulary/answer.ts';
import type { Handled } from '../vocabulary/bot-state.ts';
import type { BuildRef } from '../vocabulary/build-view.ts';
import { buildCheckKey, type CheckSubject, configCheckKey, readCheckKey } from '../vocabulary/check-key.ts';
import type { Job } from '../vocabulary/job.ts';
import type { KnownPull } from '../vocabulary/known-pull.ts';
import { countingLeaving } from '../vocabulary/leaving.ts';

type CheckJob = Extract<Job, { kind: 'check' }>;

/** Rejects on faults of the machinery only. What may not be done, or cannot be, leaves the check as it was. */
export async function handleCheckEvent(job: CheckJob, batch: string, context: PullContext): Promise<Handled> {
  const { wish } = job;
  if (wish.kind === 'all') return await rerunAll(job, batch, context);
  const subject = readCheckKey(wish.externalId);
  if (subject === undefined) return { checks: [] };
  if (wish.kind === 'rerun') return await rerun(job, subject, wish.checkRunId, batch, context);
  if (subject.kind === 'build' && wish.button === 'cancel') return await cancel(job, subject.id, context);
  // A run that has ended stays; a new one takes its place.
  if (subject.kind === 'build' && wish.button === 'rebuild') return await rebuild(job, subject, null, batch, context);
  return { checks: [] };
}

/** `runId`: GitHub has begun this run anew and waits for its end; null: make a new one. */
async function rerun(
  job: CheckJob,
  subject: CheckSubject,
  runId: number | null,
  batch: string,
  context: PullContext,
): Promise<Handled> {
  switch (subject.kind) {
    case 'build':
      return await rebuild(job, subject, runId, batch, context);
    case 'pull':
      return withRun(await handlePull({ kind: 'pull', number: subject.number, again: true }, batch, context), runId);
    case 'group':
      return withRun(await handleGroup({ commit: subject.commit, what: 'again' }, batch, context), runId);
    case 'config':
      return withRun(await replan(job, batch, context), runId);
  }
}

async function rerunAll(job: CheckJob, batch: string, context: PullContext): Promise<Handled> {
  const all: Handled[] = [];
  const listed = await context.github.listChecks(job.commit);
  for (const [at, { externalId, conclusion }] of listed.entries()) {
    const subject = readCheckKey(externalId);
    if (subject === undefined || (subject.kind === 'build' && conclusion === 'success')) continue;
    all.push(await rerun(job, subject, null, `${batch}/${at}`, context));
  }
  const pulls = new Map(all.flatMap((one) => one.pulls ?? []).map((pull) => [pull.number, pull]));
  return { checks: all.flatMap(({ checks }) => checks), pulls: [...pulls.values()] };
}

/** Lets the first check go on in the run that was asked for. */
function withRun(handled: Handled, runId: number | null): Handled {
  const [first, ...others] = handled.checks;
  return runId === null || first === undefined
    ? handled
    : { ...handled, checks: [{ ...first, checkRunId: runId }, ...others] };
}

async function cancel(job: CheckJob, id: BuildId, { queue, config, log }: PullContext): Promise<Handled> {
  const build = queue.build(id);
  const at = config();
  const base = at && countingLeaving(at);
  if (build === undefined || base === undefined) return { checks: [] };
  if (mayCancel(base.policy, projectOfBuild(base.projects, build), job.actor)) {
    await queue.cancel(id, job.actor);
  } else log('info', `${job.actor} pressed Cancel on build ${id} and may not`);
  return { checks: [] };
}

type BuildSubject = Extract<CheckSubject, { kind: 'build' }>;
type Rebuilt = { readonly checks: readonly Check[]; readonly pulls?: readonly KnownPull[] } | { readonly why: string };

async function rebuild(
  job: CheckJob,
  { id, chroot }: BuildSubject,
  runId: number | null,
  batch: string,
  context: PullContext,
): Promise<Handled> {
  const ref = findBuild(id, context);
  if (ref === undefined) return { checks: [] };
  const sandbox = readSandbox(ref.project);
  const done: Rebuilt =
    sandbox === undefined
      ? await rebuildOfProject(job, ref, chroot, batch, context)
      : await rebuildOfPull(job, ref, chroot, sandbox, batch, context);
  if ('why' in done) {
    context.log('info', `${job.actor} asked for build ${id} again: ${done.why}`);
    const was: Check = {
      kind: 'build',
      key: buildCheckKey(id, chroot),
      commit: job.commit,
      checkRunId: runId,
      build: ref,
      chroot,
    };
    // A run that was begun anew must be brought to an end: it shows its build as it was, and why.
    return { checks: runId === null ? [] : [{ ...was, note: done.why }] };
  }
  const checks = done.checks.map((check) => ({ ...check, commit: job.commit }));
  return withRun({ ...done, checks }, runId);
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
  if (known?.head !== job.commit) return { why: 'The head of the pull request has moved since.' };
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
  if (!mayBuild(at.config.policy, project, job.actor)) return { why: `${code(job.actor)} may not build this project.` };
  const selection = { packages: [ref.package], chroots: [chroot], force: true };
  const { checks } = await queueAgain(job, at, [project], selection, batch, context);
  return checks.length > 0 ? { checks } : { why: 'The config in force does not state it, or it is being built.' };
}

/** The check of the default branch's config: plans again what differs from what is built, for who may build it. */
async function replan(job: CheckJob, batch: string, context: PullContext): Promise<Handled> {
  const at = context.config();
  if (at?.commit !== job.commit) return { checks: [] };
  const mine = at.config.projects.filter((project) => mayBuild(at.config.policy, project, job.actor));
  const all = { packages: [], chroots: [], force: false };
  const { checks, summary, annotations } = await queueAgain(job, at, mine, all, batch, context);
  const check: Check = {
    kind: 'config',
    key: configCheckKey(at.commit, batch),
    commit: at.commit,
    checkRunId: null,
    good: true,
    ...summary,
    annotations,
    sentAnnotations: 0,
  };
  return { checks: [check, ...checks] };
}

/** Queues what is selected of these projects. */
async function queueAgain(
  job: CheckJob,
  at: ConfigAtCommit,
  projects: readonly Project[],
  { packages, chroots, force }: Pick<PlanSelection, 'packages' | 'chroots'> & { readonly force: boolean },
  batch: string,
  context: PullContext,
): Promise<Planned & { readonly checks: readonly Check[] }> {
  const selections = projects.map((project) => ({ project: projectKey(project), packages, chroots }));
  const asker = { login: job.actor, request: job.url, batch };
  const planned = await planOnce({ at, selections, force }, asker, context);
  return { ...planned, checks: checksOf(planned.builds) };
}
