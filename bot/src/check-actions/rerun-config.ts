// Works off "Re-run" of the check "coppice / config": what is so now of the commit or head that it stands on.
import { mayBuild } from '@coppice/config';
import { type ConfigAtCommit, readConfigAt } from '../config-repo/config-in-force.ts';
import { handlePull, type PullContext } from '../pull-requests/handle-pull.ts';
import { reportProblems } from '../reply/config-problems.ts';
import type { Check } from '../vocabulary/answer.ts';
import type { Handled } from '../vocabulary/bot-state.ts';
import { configCheckKey, pullCheckKey } from '../vocabulary/check-key.ts';
import { goOnIn, overCheck, type Run } from './over-check.ts';
import { type CheckJob, queueAgain } from './queue-again.ts';
import * as say from './say.ts';

/** Of a pull request: its head is judged again, when the check stands on that. */
export async function rerunOfPull(
  job: CheckJob,
  number: number,
  run: Run | null,
  batch: string,
  context: PullContext,
): Promise<Handled> {
  const pull = await context.github.pull(number);
  const again = pull.open && pull.head === job.commit;
  const handled = await handlePull({ kind: 'pull', number, again }, batch, context);
  const over = pull.open
    ? pull.intoDefault
      ? say.movedPull(number, pull.head)
      : say.notIntoDefault(number)
    : say.closedPull(number);
  const ended = () => {
    const check = overCheck(pullCheckKey(number, job.commit, batch), job.commit, run, over);
    return { ...handled, checks: [check, ...handled.checks] };
  };
  return goOnIn(run, job.commit, handled) ?? ended();
}

/** Of a commit of the default branch: what differs from what is built is planned again, when its config is in force. */
export async function rerunOfConfig(
  job: CheckJob,
  run: Run | null,
  batch: string,
  context: PullContext,
): Promise<Handled> {
  const at = context.config();
  const handled =
    at?.commit === job.commit ? await replan(job, at, batch, context) : await judgeOld(job, batch, context);
  return goOnIn(run, job.commit, handled) ?? handled;
}

/** For the projects that who asked may build. */
async function replan(job: CheckJob, at: ConfigAtCommit, batch: string, context: PullContext): Promise<Handled> {
  const [first, ...others] = at.config.projects.filter((project) => mayBuild(at.config.policy, project, job.actor));
  const check = { ...configCheck(job, batch), good: true };
  if (first === undefined) {
    return { checks: [{ ...check, title: say.planTitle(), summary: say.mayBuildNothing(job.actor) }] };
  }
  const all = { packages: [], chroots: [], force: false };
  const { checks, summary, annotations } = await queueAgain(job, at, [first, ...others], all, batch, context);
  return { checks: [{ ...check, ...summary, annotations }, ...checks] };
}

/** A commit whose config is not in force: whether it has problems, and what is in force in its place. */
async function judgeOld(job: CheckJob, batch: string, { github, mirror, config }: PullContext): Promise<Handled> {
  const { branch } = await github.head();
  const head = await mirror.fetch(branch);
  const inForce = config()?.commit ?? null;
  const { key } = configCheck(job, batch);
  if (!(await mirror.isContained(job.commit, head))) {
    return { checks: [overCheck(key, job.commit, null, say.leftBranch(branch, inForce))] };
  }
  const parsed = await readConfigAt(mirror, job.commit);
  return parsed.ok
    ? { checks: [overCheck(key, job.commit, null, say.replaced(inForce))] }
    : { checks: [{ ...configCheck(job, batch), good: false, ...reportProblems(parsed.problems, inForce) }] };
}

function configCheck({ commit }: CheckJob, batch: string) {
  return {
    ...{ kind: 'config' as const, key: configCheckKey(commit, batch), commit, checkRunId: null },
    ...{ annotations: [], sentAnnotations: 0 },
  } satisfies Partial<Check>;
}
