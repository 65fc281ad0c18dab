// The webhook entry: what concerns us is put into the inbox; everything else is none of our business.
import type { Context, Probot } from 'probot';
import type { Job } from './bot-state.ts';
import { holdsNoCommand, maximumCommentLength } from './parse-comment.ts';

interface AppOptions {
  /** owner/name of the config repo; events of other repositories are ignored. */
  readonly repository: string;
  /** Notes a job; resolves when it is on the disk. */
  readonly accept: (deliveryId: string, job: Job) => Promise<void>;
}

/** The Probot app. Its handlers reject only when a job could not be noted, so that GitHub lists the delivery as failed. */
export function createApp({ repository, accept }: AppOptions): (app: Probot) => void {
  const ours = (name: string) => name.toLowerCase() === repository.toLowerCase();
  return (app) => {
    app.on('push', async ({ id, payload }) => {
      const job = jobOfPush(payload);
      if (ours(payload.repository.full_name) && job !== undefined) await accept(id, job);
    });
    app.on('issue_comment.created', async ({ id, payload }) => {
      const job = jobOfComment(payload);
      if (ours(payload.repository.full_name) && job !== undefined) await accept(id, job);
    });
  };
}

/** Only pushes that move the default branch to a commit. Pure. */
function jobOfPush(payload: Context<'push'>['payload']): Job | undefined {
  const branch = payload.repository.default_branch;
  if (payload.ref !== `refs/heads/${branch}` || payload.deleted || !/^[0-9a-f]{40,64}$/.test(payload.after))
    return undefined;
  const pusher = payload.sender?.login ?? payload.pusher?.name ?? 'unknown';
  return { kind: 'push', commit: payload.after, branch, pusher };
}

/** Only comments by people that hold what may be a command: answers of bots never ask. Pure. */
function jobOfComment({ comment, issue }: Context<'issue_comment.created'>['payload']): Job | undefined {
  const login = comment.user?.login ?? '';
  if (login === '' || comment.user?.type === 'Bot' || login.endsWith('[bot]')) return undefined;
  const body = comment.body.slice(0, maximumCommentLength);
  if (holdsNoCommand(body)) return undefined;
  return {
    kind: 'comment',
    issue: issue.number,
    comment: comment.id,
    url: comment.html_url,
    actor: login,
    body,
    onPullRequest: issue.pull_request !== undefined && issue.pull_request !== null,
  };
}
