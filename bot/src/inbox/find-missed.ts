// What GitHub shows against what was handled: the jobs that no webhook has brought. Pure.
import type { ListedComment } from '../github/comments.ts';
import type { Head, MergeGroup, OpenPull } from '../github/repository.ts';
import type { BotState } from '../vocabulary/bot-state.ts';
import { type CommentCursor, foundPullKey, type Job, workKey } from '../vocabulary/job.ts';
import { jobOfComment } from './webhooks.ts';

/**
 * GitHub promises no order in which comments come to be seen, so a look goes back behind the newest one by this much.
 * What is older than that has been looked at for sure.
 */
const overlapMilliseconds = 10 * 60_000;

/** Comments from before the bot's first start are nobody's request. */
export function firstCursor(newest: ListedComment | undefined): CommentCursor {
  return { floor: newest?.id ?? 0, seenUntil: newest?.created_at ?? new Date(0).toISOString() };
}

/** What was written before this was looked at, ISO 8601. */
export function lookedUntil(cursor: CommentCursor): string {
  return new Date(Math.max(0, Date.parse(cursor.seenUntil) - overlapMilliseconds)).toISOString();
}

/** True for a comment whose webhook comes after it was found by a look, however late: it may even be forgotten. */
export function isLate(job: Job, cursor: CommentCursor | null): boolean {
  if (job.kind !== 'comment' || job.writtenAt === undefined || cursor === null) return false;
  return job.comment <= cursor.floor || Date.parse(job.writtenAt) < Date.parse(lookedUntil(cursor));
}

/**
 * Jobs of the comments that may not have been heard of, in the order in which they were written, and how far they go.
 * An edited one is left out: nobody knows what it said when it was written, and an edit asks for nothing.
 */
export function missedComments(
  listed: readonly ListedComment[],
  cursor: CommentCursor,
  knowsBot: (login: string) => boolean,
): { readonly jobs: readonly Job[]; readonly cursor: CommentCursor } {
  const from = Date.parse(lookedUntil(cursor));
  const fresh = listed.filter(({ id, created_at }) => id > cursor.floor && Date.parse(created_at) >= from);
  const newest = fresh.reduce(
    (latest, { created_at }) => (Date.parse(created_at) > Date.parse(latest) ? created_at : latest),
    cursor.seenUntil,
  );
  const jobs = fresh
    .filter(({ created_at, updated_at }) => created_at === updated_at)
    .sort((one, other) => Date.parse(one.created_at) - Date.parse(other.created_at) || one.id - other.id)
    .flatMap(
      (comment) => jobOfComment(comment, issueIn(comment), /\/pull\/\d+/.test(comment.html_url), knowsBot) ?? [],
    );
  return { jobs, cursor: { ...cursor, seenUntil: newest } };
}

/** `…/issues/7#issuecomment-1` or `…/pull/7#issuecomment-1`. */
function issueIn({ html_url }: ListedComment): number {
  return Number(/\/(?:issues|pull)\/(\d+)/.exec(html_url)?.[1]);
}

/** The push that brought the default branch to where it is, unless that is handled or waits to be. */
export function missedPush(head: Head, state: Pick<BotState, 'handledCommit' | 'inbox'>): Job | undefined {
  if (head.commit === state.handledCommit) return undefined;
  const job: Job = { kind: 'push', commit: head.commit, branch: head.branch, pusher: head.author };
  return waits(job, state) ? undefined : job;
}

/**
 * Pull requests whose head was not judged, and those that are not open any more, or not into the default branch,
 * without our knowing.
 */
export function missedPulls(
  open: readonly OpenPull[],
  defaultBranch: string,
  state: Pick<BotState, 'pulls' | 'inbox'>,
): readonly { readonly key: string; readonly job: Job }[] {
  const known = new Map(state.pulls.map((pull) => [pull.number, pull]));
  // One that goes into another branch now is none of ours, as one that was closed.
  const numbers = new Set(open.filter(({ base }) => base === defaultBranch).map(({ number }) => number));
  const waiting = new Set(state.inbox.flatMap(({ job }) => (job.kind === 'pull' ? [job.number] : [])));
  const changed = open
    .filter(({ number, base, head }) => {
      const pull = known.get(number);
      return base === defaultBranch && (pull?.head !== head || pull.closedAt !== null);
    })
    .map(({ number, head, author }) => ({
      number,
      head,
      author,
      again: typeof known.get(number)?.closedAt === 'string',
    }));
  const gone = state.pulls
    .filter(({ number, closedAt }) => closedAt === null && !numbers.has(number))
    .map(({ number, head, author }) => ({ number, head, author, again: false }));
  return [...changed, ...gone]
    .filter(({ number }) => !waiting.has(number))
    .map(({ number, head, author, again }) => ({
      key: foundPullKey(number, head),
      job: { kind: 'pull', number, again, ...(author === undefined ? {} : { author }) },
    }));
}

/** What merge queues would merge and nobody has judged. */
export function missedGroups(
  groups: readonly MergeGroup[],
  state: Pick<BotState, 'groups' | 'inbox'>,
): readonly { readonly key: string; readonly job: Job }[] {
  return groups
    .filter(({ commit }) => !state.groups.includes(commit))
    .map(({ commit }): Job => ({ kind: 'group', commit, what: 'checks' }))
    .filter((job) => !waits(job, state))
    .map((job) => ({ key: workKey('', job), job }));
}

function waits(job: Job, { inbox }: Pick<BotState, 'inbox'>): boolean {
  return inbox.some((delivery) => workKey(delivery.id, delivery.job) === workKey('', job));
}
