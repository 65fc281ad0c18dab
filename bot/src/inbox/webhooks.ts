// The webhook entry: what concerns us is put into the inbox; everything else is none of our business.
import type { Context, Probot } from 'probot';
import type { Complain } from '../answers/tell-failure.ts';
import { holdsNoCommand, maximumCommentLength } from '../commands/read/parse-comment.ts';
import type { SeenComment } from '../github/comments.ts';
import type { Job } from '../vocabulary/job.ts';
import { jobOfMisplaced, misplacedEvents, personOf } from './misplaced.ts';

interface AppOptions {
  /** owner/name of the config repo; events of other repositories are ignored. */
  readonly repository: string;
  /** Notes a job; resolves when it is on the disk. */
  readonly hear: (deliveryId: string, job: Job) => Promise<unknown>;
  readonly complain: Complain;
}

/**
 * The Probot app. Its handlers reject only when a job could not be noted, so that GitHub lists the delivery as failed.
 */
export function createApp({ repository, hear, complain }: AppOptions): (app: Probot) => void {
  const ours = (name: string) => name.toLowerCase() === repository.toLowerCase();
  const accept = async (id: string, job: Job): Promise<void> => {
    try {
      await hear(id, job);
    } catch (error) {
      void complain(`Delivery ${id} could not be noted`, job, error);
      throw error;
    }
  };
  return (app) => {
    app.on('push', async ({ id, payload }) => {
      const job = jobOfPush(payload);
      if (ours(payload.repository.full_name) && job !== undefined) await accept(id, job);
    });
    app.on('issue_comment.created', async ({ id, payload }) => {
      const { number, pull_request } = payload.issue;
      const job = jobOfComment(payload.comment, number, pull_request !== undefined && pull_request !== null);
      if (ours(payload.repository.full_name) && job !== undefined) await accept(id, job);
    });
    const pullEvents: PullEvent[] = [
      'pull_request.opened',
      'pull_request.synchronize',
      'pull_request.reopened',
      'pull_request.ready_for_review',
      'pull_request.closed',
    ];
    app.on(pullEvents, async ({ id, payload }) => {
      const { number, base } = payload.pull_request;
      if (!ours(payload.repository.full_name) || base.ref !== payload.repository.default_branch) return;
      await accept(id, { kind: 'pull', number, again: payload.action === 'ready_for_review' });
    });
    app.on(misplacedEvents, async ({ id, payload }) => {
      const job = jobOfMisplaced(payload);
      if (ours(payload.repository.full_name) && job !== undefined) await accept(id, job);
    });
    app.on(['check_run.rerequested', 'check_run.requested_action'], async ({ id, payload }) => {
      const job = jobOfCheckRun(payload);
      if (ours(payload.repository.full_name) && job !== undefined) await accept(id, job);
    });
    app.on('check_suite.rerequested', async ({ id, payload }) => {
      if (!ours(payload.repository.full_name)) return;
      const commit = payload.check_suite.head_sha;
      const url = `${payload.repository.html_url}/commit/${commit}`;
      await accept(id, { kind: 'check', commit, actor: payload.sender.login, url, wish: { kind: 'all' } });
    });
  };
}

type PullEvent = `pull_request.${'opened' | 'synchronize' | 'reopened' | 'ready_for_review' | 'closed'}`;
type CheckRunPayload = Context<'check_run.rerequested' | 'check_run.requested_action'>['payload'];

/** Only check runs of ours have an external id that we gave; what it names is looked at later. Pure. */
function jobOfCheckRun(payload: CheckRunPayload): Job | undefined {
  const { id: checkRunId, head_sha: commit, html_url, external_id: externalId } = payload.check_run;
  if (externalId === null || externalId === '') return undefined;
  const asked = { kind: 'check' as const, commit, actor: payload.sender.login, url: html_url ?? '' };
  if (payload.action === 'rerequested') return { ...asked, wish: { kind: 'rerun', checkRunId, externalId } };
  const button = payload.requested_action?.identifier ?? '';
  return { ...asked, wish: { kind: 'button', checkRunId, externalId, button } };
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
export function jobOfComment(comment: SeenComment, issue: number, onPullRequest: boolean): Job | undefined {
  const login = personOf(comment.user);
  if (login === undefined) return undefined;
  const body = comment.body.slice(0, maximumCommentLength);
  if (holdsNoCommand(body)) return undefined;
  return {
    kind: 'comment',
    issue,
    comment: comment.id,
    url: comment.html_url,
    actor: login,
    body,
    onPullRequest,
    writtenAt: comment.created_at,
  };
}
