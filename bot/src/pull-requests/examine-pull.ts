// Looks at a pull request: fetches its head, has it judged, and says what it changes. Policy is that of the config in
// force.
import type { Queue } from '@coppice/builder-runner/queue';
import { GitError } from '@coppice/builder-runner/remote';
import type { Settings } from '@coppice/config';
import type { ConfigAtCommit } from '../config-repo/config-in-force.ts';
import type { ConfigRepoMirror } from '../config-repo/mirror.ts';
import type { Github } from '../github/github.ts';
import type { PullRequest } from '../github/repository.ts';
import { type BuiltIndex, countBuilds } from '../planning/built.ts';
import type { KnownPull } from '../vocabulary/known-pull.ts';
import { deleteAtFrom } from '../vocabulary/leaving.ts';
import { type HeadBackground, type HeadFacts, type HeadPlace, Unjudgeable } from './head-facts.ts';
import type { HeadReader } from './read-head.ts';

/** A head of a pull request and what follows from it. */
export interface Examined extends HeadFacts {
  readonly pull: PullRequest;
  readonly place: HeadPlace;
  /** How long after a merge what it deletes is deleted. */
  readonly graceSeconds: number;
  /** Public address of the service, without a slash at the end. */
  readonly url: string;
  /** How long its sandboxes stay after it was closed; undefined while no config is in force. */
  readonly keptSeconds: number | undefined;
  /** Where it conflicts with the branch that it goes into; undefined when that could not be found out. */
  readonly conflicts: readonly string[] | undefined;
  /** Why it could not be judged, as a sentence; nothing of `HeadFacts` is known of it then. */
  readonly unjudged?: string;
  /** What is to be remembered of it. */
  readonly known: KnownPull;
}

export interface ExamineContext {
  readonly github: Github;
  readonly mirror: ConfigRepoMirror;
  readonly heads: HeadReader;
  readonly queue: Pick<Queue, 'builds'>;
  readonly built: Pick<BuiltIndex, 'counts' | 'find'>;
  readonly settings: Pick<Settings, 'deletion'>;
  /** Public address of the service, without a slash at the end. */
  readonly url: string;
  /** The config in force, as it is written; undefined while there is none. */
  readonly written: () => ConfigAtCommit | undefined;
  readonly pulls: () => readonly KnownPull[];
  readonly now: () => Date;
}

/** `pull` is what GitHub says now. Throws GitError, also when Git does not have its head yet. */
export async function examinePull(pull: PullRequest, context: ExamineContext): Promise<Examined> {
  const { mirror } = context;
  const { head, base: tip } = await mirror.fetchPull(pull.number, pull.base);
  if (head !== pull.head) throw new GitError('failed', `refs/pull/${pull.number}/head is not ${pull.head} yet`);
  const conflicts = await mirror.conflicts(tip, head);
  const base = context.written();
  const place = { head, tip, inForce: base?.commit };
  const facts = await judged(place, backgroundOf(base, context), context);
  const known = { ...remember(pull, facts, context), conflicts: (conflicts ?? []).length > 0 };
  const keptSeconds = base?.config.policy.retention.pullRequestsSeconds;
  const { graceSeconds } = context.settings.deletion;
  return { ...facts, pull, place, conflicts, known, graceSeconds, url: context.url, keptSeconds };
}

async function judged(
  place: HeadPlace,
  background: HeadBackground,
  { heads }: Pick<ExamineContext, 'heads'>,
): Promise<HeadFacts & Pick<Examined, 'unjudged'>> {
  try {
    return await heads.examine(place, background);
  } catch (error) {
    if (!(error instanceof Unjudgeable)) throw error;
    // It may touch anything, so nobody but an admin could have a say in it.
    const demands = { touched: [], adminReasons: ['it could not be judged'], notes: [] };
    const changes = { ours: true, policy: false, chroots: [], projects: [] };
    const nothing = { problems: [], blocked: [], teams: [], fates: [], packages: undefined };
    return { ...nothing, changes, demands, unjudged: error.message };
  }
}

/** What the service knows of a head beside its commits. `base` is the config in force, as it is written. */
export function backgroundOf(
  base: ConfigAtCommit | undefined,
  { queue, built, settings, now }: Pick<ExamineContext, 'queue' | 'built' | 'settings' | 'now'>,
): HeadBackground {
  const time = now();
  const deleteAt = deleteAtFrom(time, settings.deletion.graceSeconds);
  const { leaving = [], departed = [] } = base ?? {};
  return { leaving, departed, builds: countBuilds(queue, built), deleteAt, now: time.toISOString() };
}

/**
 * Approvals are of one head: they end when it moves, also when it comes back. What a head was judged to touch holds
 * when it cannot be judged once more.
 */
function remember(
  pull: PullRequest,
  { demands, unjudged }: Pick<Examined, 'demands' | 'unjudged'>,
  { pulls, now }: Pick<ExamineContext, 'pulls' | 'now'>,
): KnownPull {
  const before = pulls().find(({ number }) => number === pull.number);
  const same = before !== undefined && before.head === pull.head && before.closedAt === null;
  const judged =
    same && unjudged !== undefined
      ? { touched: before.touched, needsAdmin: before.needsAdmin }
      : { touched: demands.touched, needsAdmin: demands.adminReasons.length > 0 };
  return {
    number: pull.number,
    author: pull.author,
    head: pull.head,
    headSeenAt: same ? before.headSeenAt : now().toISOString(),
    ...judged,
    approvals: same ? before.approvals : [],
    closedAt: null,
  };
}
