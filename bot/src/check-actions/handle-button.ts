// Works off what people press on GitHub's checks: Re-run, Re-run all, Cancel, Rebuild. Rights are those of the config
// in force. Every run ends, and a press that does nothing is answered on the check.
import {
  type ChrootName,
  isFinal,
  mayCancel,
  projectKey,
  projectOfBuild,
  type QueuedBuild,
  whoMayCancel,
} from '@coppice/config';
import { findBuild } from '../planning/built.ts';
import { handleGroup } from '../pull-requests/handle-group.ts';
import type { PullContext } from '../pull-requests/handle-pull.ts';
import type { Handled } from '../vocabulary/bot-state.ts';
import { buildCheckKey, type CheckSubject, readCheckKey } from '../vocabulary/check-key.ts';
import { countingLeaving } from '../vocabulary/leaving.ts';
import { goOnIn, overCheck, type Run } from './over-check.ts';
import type { CheckJob } from './queue-again.ts';
import { type BuildSubject, checkAsItWas, rebuild } from './rebuild-check.ts';
import { rerunOfConfig, rerunOfPull } from './rerun-config.ts';
import * as say from './say.ts';

/** Rejects on faults of the machinery only. */
export async function handleCheckEvent(job: CheckJob, batch: string, context: PullContext): Promise<Handled> {
  const { wish } = job;
  if (wish.kind === 'all') return await rerunAll(job, batch, context);
  const subject = readCheckKey(wish.externalId);
  const run = { id: wish.checkRunId, begunAnew: wish.kind === 'rerun' };
  if (subject === undefined) {
    return { checks: run.begunAnew ? [overCheck(wish.externalId, job.commit, run, say.unknownSubject())] : [] };
  }
  if (wish.kind === 'rerun') return await rerun(job, subject, run, batch, context);
  if (subject.kind === 'build' && wish.button === 'cancel') return await cancel(job, subject, run, context);
  // A run that has ended stays; a new one takes its place.
  if (subject.kind === 'build' && wish.button === 'rebuild') return await rebuild(job, subject, run, batch, context);
  return { checks: [] };
}

async function rerun(
  job: CheckJob,
  subject: CheckSubject,
  run: Run,
  batch: string,
  context: PullContext,
): Promise<Handled> {
  switch (subject.kind) {
    case 'build':
      return await rebuild(job, subject, run, batch, context);
    case 'pull':
      return await rerunOfPull(job, subject.number, run, batch, context);
    case 'group': {
      const handled = await handleGroup({ commit: subject.commit, what: 'again' }, batch, context);
      return goOnIn(run, job.commit, handled) ?? handled;
    }
    case 'config':
      return await rerunOfConfig(job, run, batch, context);
  }
}

/** The suite of a commit ends with its last run, so each of ours that did not succeed is gone through. */
async function rerunAll(job: CheckJob, batch: string, context: PullContext): Promise<Handled> {
  const all: Handled[] = [];
  const listed = await context.github.listChecks(job.commit);
  for (const [at, { id, externalId, conclusion }] of listed.entries()) {
    const subject = readCheckKey(externalId);
    if (subject === undefined || (subject.kind === 'build' && conclusion === 'success')) continue;
    all.push(await rerun(job, subject, { id, begunAnew: false }, `${batch}/${at}`, context));
  }
  if (all.length === 0) all.push(await firstCheck(job, batch, context));
  const pulls = new Map(all.flatMap((one) => one.pulls ?? []).map((pull) => [pull.number, pull]));
  return { checks: all.flatMap(({ checks }) => checks), pulls: [...pulls.values()] };
}

/** Of a commit that has none of ours yet, or whose checks another version made. */
async function firstCheck(job: CheckJob, batch: string, context: PullContext): Promise<Handled> {
  const pull = context.pulls().find(({ head }) => head === job.commit);
  return pull === undefined
    ? await rerunOfConfig(job, null, batch, context)
    : await rerunOfPull(job, pull.number, null, batch, context);
}

async function cancel(job: CheckJob, { id, chroot }: BuildSubject, run: Run, context: PullContext): Promise<Handled> {
  const { queue, config, log } = context;
  const ref = findBuild(id, context);
  if (ref === undefined) {
    return { checks: [overCheck(buildCheckKey(id, chroot), job.commit, run, say.buildGone(id))] };
  }
  const note = (text: string): Handled => ({ checks: [checkAsItWas(job, ref, chroot, run, text)] });
  const build = queue.build(id);
  const at = config();
  const base = at && countingLeaving(at);
  if (build === undefined || isOver(build, chroot)) return note(say.endedBefore(job.actor, id));
  const project = base && projectOfBuild(base.projects, build);
  if (base !== undefined && mayCancel(base.policy, project, job.actor)) {
    await queue.cancel(id, job.actor);
    return { checks: [] };
  }
  log('info', `${job.actor} pressed Cancel on build ${id} and may not`);
  const who = base === undefined ? [] : whoMayCancel(base.policy, project);
  return note(say.mayNot(job.actor, 'cancel builds of', projectKey({ owner: build.owner, name: build.project }), who));
}

function isOver({ chroots }: QueuedBuild, name: ChrootName): boolean {
  return chroots.some(({ chroot, state }) => chroot === name && isFinal(state));
}
