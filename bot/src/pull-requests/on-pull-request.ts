// Joins the commands of comments with what they mean on a pull request.
import type { CommentJob } from '../commands/carry-out/carry-out.ts';
import type { OnPull } from '../commands/handle-comment.ts';
import type { PullContext } from './handle-pull.ts';
import { approvePullRequest, buildPullRequest, type PullWish } from './pull-commands.ts';

export function onPullRequests(context: PullContext): OnPull {
  return {
    approve: (job, { line, sha }, batch) => approvePullRequest({ ...wishOf(job, line), sha }, batch, context),
    build: (job, { line, packages, chroots, force }, batch) =>
      buildPullRequest({ ...wishOf(job, line), packages, chroots, force }, batch, context),
  };
}

function wishOf({ issue, actor, url, writtenAt }: CommentJob, line: string): PullWish {
  return { number: issue, actor, line, url, writtenAt };
}
