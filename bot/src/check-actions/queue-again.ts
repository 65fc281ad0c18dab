// Queues packages of projects again, as the config in force states them, for who pressed a button.
import { type PlanSelection, type Project, projectKey } from '@coppice/config';
import { checksOf } from '../answers/check-run.ts';
import type { ConfigAtCommit } from '../config-repo/config-in-force.ts';
import { type Planned, planOnce } from '../planning/planner.ts';
import type { PullContext } from '../pull-requests/handle-pull.ts';
import type { Check } from '../vocabulary/answer.ts';
import type { Job } from '../vocabulary/job.ts';

export type CheckJob = Extract<Job, { kind: 'check' }>;

/** Queues what is selected of these projects, of which there is at least one: none would mean all. */
export async function queueAgain(
  job: CheckJob,
  at: ConfigAtCommit,
  projects: readonly [Project, ...Project[]],
  { packages, chroots, force }: Pick<PlanSelection, 'packages' | 'chroots'> & { readonly force: boolean },
  batch: string,
  context: PullContext,
): Promise<Planned & { readonly checks: readonly Check[] }> {
  const selections = projects.map((project) => ({ project: projectKey(project), packages, chroots }));
  const asker = { login: job.actor, request: job.url, batch };
  const planned = await planOnce({ at, selections, force }, asker, context);
  return { ...planned, checks: checksOf(planned.builds) };
}
