// The webhook entry: what concerns us is put into the inbox; everything else is none of our business.
import type { Context, Probot } from 'probot';
import type { Complain } from '../answers/tell-failure.ts';
import { holdsNoCommand, maximumCommentLength } from '../commands/read/parse-comment.ts';
import type { SeenComment } from '../github/comments.ts';
import { queueBase, type SeenRepository } from '../github/repository.ts';
import { readAnswerMark } from '../reply/answer-mark.ts';
import type { Job } from '../vocabulary/job.ts';
import { jobOfMisplaced, misplacedEvents } from './misplaced.ts';

interface AppOptions {
  /** owner/name of the config repo; events of other repositories are ignored. */
  readonly repository: string;
  /** The config repo as GitHub knows it, which stays the same when it is renamed; undefined until it was asked for. */
  readonly known: () => SeenRepository | undefined;
  /** Notes a job; resolves when it is on the disk. */
  readonly hear: (deliveryId: string, job: Job) => Promise<unknown>;
  readonly complain: Complain;
  /** True for bots that the config gives rights to. */
  readonly knowsBot: (login: string) => boolean;
}

/**
 * The Probot app. Its handlers reject only when a job could not be noted, so that GitHub lists the delivery as failed.
 */
export function createApp({ repository, known, hear, complain, knowsBot }: AppOptions): (app: Probot) => void {
  const ours = ({ id, full_name }: { readonly id: number; readonly full_name: string }) => {
    const own = known();
    return own === undefined ? full_name.toLowerCase() === repository.toLowerCase() : id === own.id;
  };
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
      if (ours(payload.repository) && job !== undefined) await accept(id, job);
    });
    app.on('issue_comment.created', async ({ id, payload }) => {
      const { number, pull_request } = payload.issue;
      const onPull = pull_request !== undefined && pull_request !== null;
      const job = jobOfComment(payload.comment, number, onPull, knowsBot);
      if (ours(payload.repository) && job !== undefined) await accept(id, job);
    });
    const pullEvents: PullEvent[] = [
      'pull_request.opened',
      'pull_request.synchronize',
      'pull_request.reopened',
      'pull_request.ready_for_review',
      'pull_request.closed',
    ];
    app.on(pullEvents, async ({ id, payload }) => {
      const { base } = payload.pull_request;
      if (!ours(payload.repository) || base.ref !== payload.repository.default_branch) return;
      await accept(id, jobOfPull(payload.pull_request, payload.action === 'ready_for_review'));
    });
    app.on('pull_request.edited', async ({ id, payload }) => {
      const { base } = payload.pull_request;
      const bases = [base.ref, payload.changes?.base?.ref.from];
      // It came to the default branch from another one, or left it.
      if (!ours(payload.repository) || bases[1] === undefined) return;
      if (bases.includes(payload.repository.default_branch)) await accept(id, jobOfPull(payload.pull_request, true));
    });
    app.on(['merge_group.checks_requested', 'merge_group.destroyed'], async ({ id, payload }) => {
      if (payload.repository === undefined || !ours(payload.repository)) return;
      const job = jobOfGroup(payload.merge_group.head_sha, payload.action === 'destroyed' ? 'ended' : 'checks');
      if (job !== undefined) await accept(id, job);
    });
    app.on(misplacedEvents, async ({ id, payload }) => {
      const job = jobOfMisplaced(payload);
      if (ours(payload.repository) && job !== undefined) await accept(id, job);
    });
    app.on(['check_run.rerequested', 'check_run.requested_action'], async ({ id, payload }) => {
      const job = jobOfCheckRun(payload);
      if (ours(payload.repository) && job !== undefined) await accept(id, job);
    });
    app.on('check_suite.rerequested', async ({ id, payload }) => {
      if (!ours(payload.repository)) return;
      const commit = payload.check_suite.head_sha;
      const url = `${payload.repository.html_url}/commit/${commit}`;
      const { login: actor, id: actorId } = payload.sender;
      await accept(id, { kind: 'check', commit, actor, actorId, url, wish: { kind: 'all' } });
    });
  };
}

type PullEvent = `pull_request.${'opened' | 'synchronize' | 'reopened' | 'ready_for_review' | 'closed'}`;
type CheckRunPayload = Context<'check_run.rerequested' | 'check_run.requested_action'>['payload'];

/** Only check runs of ours have an external id that we gave; what it names is looked at later. Pure. */
function jobOfCheckRun(payload: CheckRunPayload): Job | undefined {
  const { id: checkRunId, head_sha: commit, html_url, external_id: externalId } = payload.check_run;
  if (externalId === null || externalId === '') return undefined;
  const { login: actor, id: actorId } = payload.sender;
  const asked = { kind: 'check' as const, commit, actor, actorId, url: html_url ?? '' };
  if (payload.action === 'rerequested') return { ...asked, wish: { kind: 'rerun', checkRunId, externalId } };
  const button = payload.requested_action?.identifier ?? '';
  return { ...asked, wish: { kind: 'button', checkRunId, externalId, button } };
}

/** Pure. */
function jobOfPull(
  { number, user }: { readonly number: number; readonly user?: { readonly login: string } | null },
  again: boolean,
): Job {
  return { kind: 'pull', number, again, ...(user ? { author: user.login } : {}) };
}

/** Pure. */
function jobOfGroup(commit: string, what: 'checks' | 'ended'): Job | undefined {
  return /^[0-9a-f]{40,64}$/.test(commit) ? { kind: 'group', commit, what } : undefined;
}

/**
 * Only pushes that move the default branch to a commit; a branch of a merge queue is never built. That such a branch is
 * there is told to every app, the event `merge_group` only to those with the permission for it. Pure.
 */
function jobOfPush(payload: Context<'push'>['payload']): Job | undefined {
  const branch = payload.repository.default_branch;
  if (queueBase(payload.ref) !== undefined) return payload.deleted ? undefined : jobOfGroup(payload.after, 'checks');
  if (payload.ref !== `refs/heads/${branch}` || payload.deleted || !/^[0-9a-f]{40,64}$/.test(payload.after))
    return undefined;
  const pusher = payload.sender?.login ?? payload.pusher?.name ?? 'unknown';
  return { kind: 'push', commit: payload.after, branch, pusher };
}

/**
 * Only comments that hold what may be a command, by people and by bots that have rights. Answers of ours never ask,
 * whoever is named. Pure.
 */
export function jobOfComment(
  comment: SeenComment,
  issue: number,
  onPullRequest: boolean,
  knowsBot: (login: string) => boolean,
): Job | undefined {
  const login = comment.user?.login ?? '';
  const isBot = comment.user?.type === 'Bot' || login.endsWith('[bot]');
  if (login === '' || (isBot && (!knowsBot(login) || readAnswerMark(comment.body) !== undefined))) return undefined;
  const body = comment.body.slice(0, maximumCommentLength);
  if (holdsNoCommand(body)) return undefined;
  return {
    kind: 'comment',
    issue,
    comment: comment.id,
    url: comment.html_url,
    actor: login,
    actorId: comment.user?.id ?? 0,
    body,
    onPullRequest,
    writtenAt: comment.created_at,
  };
}
