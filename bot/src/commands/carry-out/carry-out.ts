// Does what was decided about one command, and says what it came to as a section of the answer.
import { type BuildId, type QueuedBuild, readSandbox } from '@coppice/config';
import * as edits from '../../reply/edits.ts';
import { trusted as sayTrusted } from '../../reply/people.ts';
import * as refusal from '../../reply/refused.ts';
import { type BuildRef, refOf } from '../../vocabulary/build-view.ts';
import { countingLeaving } from '../../vocabulary/leaving.ts';
import type { Action } from '../decide/action.ts';
import { carryOutBuild, carryOutPlan, carryOutRebuild } from './builds.ts';
import { carryOutDebug, endDebug } from './debug.ts';
import { type CommandContext, type CommentJob, type Done, text } from './done.ts';
import { explain, statusOfPackage, statusOfProjects } from './looks.ts';
import { carryOutPublish, carryOutRollback } from './publications.ts';

/**
 * `batch` is unique to the command and the same when it is carried out again. Rejects on faults of the machinery only.
 */
export async function carryOut(action: Action, job: CommentJob, batch: string, context: CommandContext): Promise<Done> {
  const { line } = action;
  if (action.kind === 'say') return { ...text(line, action.good, action.markdown), petitions: action.petitions };
  if (action.kind === 'cancel') return await cancel(action, job, context);
  if (action.kind === 'end-debug') return await endDebug(action, job, context);
  if (action.kind === 'delete-build') return await deleteBuild(action, context);
  if (action.kind === 'trust') return await trust(action, context);
  if (action.kind === 'take-away') return await takeAway(action, context);
  if (action.kind === 'edit') return await edit(action, job, batch, context);
  if (action.kind === 'status-of-projects') return text(line, true, await statusOfProjects(action, context));
  if (action.kind === 'publish') return await carryOutPublish(action, job, batch, context);
  if (action.kind === 'rollback') return await carryOutRollback(action, job, batch, context);
  const at = context.config();
  if (at === undefined) return text(line, false, refusal.noConfig());
  switch (action.kind) {
    case 'build':
      return await carryOutBuild(action, at, job, batch, context);
    case 'rebuild':
      return await carryOutRebuild(action, at, job, batch, context);
    case 'debug':
      return await carryOutDebug(action, at, job, batch, context);
    case 'plan':
      return text(line, true, await carryOutPlan(action, at, context));
    case 'status':
      return text(line, true, await statusOfPackage(action, context));
    case 'explain':
      return text(line, true, await explain(action, at, context));
  }
}

async function cancel(
  { line, ids, ended }: Extract<Action, { kind: 'cancel' }>,
  job: CommentJob,
  { queue }: CommandContext,
): Promise<Done> {
  const canceled: QueuedBuild[] = [];
  const late: BuildId[] = [...ended];
  for (const id of ids) {
    const live = queue.build(id);
    if (live === undefined || (await queue.cancel(id, job.actor)) === 'unknown') late.push(id);
    else canceled.push(live);
  }
  const notes = late.map((id) => refusal.endedMeanwhile(id)).join('\n');
  if (canceled.length === 0) return text(line, false, notes);
  const intro = canceled.length === 1 ? 'It is being canceled.' : 'They are being canceled.';
  return {
    section: { kind: 'builds', line, builds: canceled.map(refOf), intro, notes, canceling: true },
    checks: [],
  };
}

async function trust({ line, login }: Extract<Action, { kind: 'trust' }>, { people }: CommandContext): Promise<Done> {
  await people.trust(login);
  return text(line, true, sayTrusted(login));
}

async function deleteBuild(
  { line, build }: Extract<Action, { kind: 'delete-build' }>,
  context: CommandContext,
): Promise<Done> {
  const ref = context.built.find(build.id);
  if (ref === undefined) return text(line, false, refusal.unknownBuild(build.id));
  const before = await shownOf(ref, context);
  await context.projects.deleteBuild({ owner: ref.owner, name: ref.project }, ref.id);
  await context.built.reread(ref.owner, ref.project);
  context.published();
  const after = await shownOf(ref, context);
  const shown = ref.chroots.map((chroot, at) => ({ chroot, before: before[at], after: after[at] }));
  return text(line, true, edits.buildDeleted(ref, isFrozen(ref, context) ? undefined : shown));
}

/** A sandbox is frozen with its project. */
function isFrozen({ owner, project }: BuildRef, { config }: CommandContext): boolean {
  const at = config();
  const name = readSandbox(project)?.project ?? project;
  const projects = at === undefined ? [] : countingLeaving(at).projects;
  return projects.some((one) => one.owner === owner && one.name === name && one.frozen !== null);
}

/** The versions of its package that users see, of each of its chroots. */
function shownOf(ref: BuildRef, { built }: CommandContext): Promise<readonly (string | undefined)[]> {
  return Promise.all(ref.chroots.map((chroot) => built.shown(ref.owner, ref.project, ref.package, chroot)));
}

async function takeAway(
  { line, project }: Extract<Action, { kind: 'take-away' }>,
  context: CommandContext,
): Promise<Done> {
  const leaving = await context.takeAway(project);
  context.published();
  return { ...text(line, true, edits.projectDeleted(project)), leaving };
}

async function edit(
  action: Extract<Action, { kind: 'edit' }>,
  job: CommentJob,
  batch: string,
  { commit, settings }: CommandContext,
): Promise<Done> {
  const { line, edit: wanted, petitions } = action;
  const outcome = await commit({ edit: wanted, actor: job.actor, url: job.url, batch });
  if (outcome.kind !== 'committed') {
    const good = outcome.kind === 'nothing';
    return { ...text(line, good, outcome.markdown), ...(good ? { petitions } : {}) };
  }
  const { webUrl, repository } = settings.github;
  const address = `${webUrl}/${repository}/commit/${outcome.commit}`;
  return { ...text(line, true, edits.committed(wanted, outcome.commit, address)), petitions };
}
