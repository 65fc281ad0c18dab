// Looks at a pull request: fetches its head, has it judged, and says what it changes. Policy is that of the config in
// force.
import { GitError } from '@coppice/builder-runner/remote';
import type { ConfigAtCommit } from '../config-repo/config-in-force.ts';
import type { ConfigRepoMirror } from '../config-repo/mirror.ts';
import type { Github } from '../github/github.ts';
import type { PullRequest } from '../github/repository.ts';
import type { KnownPull } from '../vocabulary/known-pull.ts';
import type { Demands } from './changes.ts';
import { type HeadFacts, type HeadPlace, Unjudgeable } from './head-facts.ts';
import type { HeadJudge } from './judge-head.ts';

/** A head of a pull request and what follows from it. */
export interface Examined extends HeadFacts {
  readonly pull: PullRequest;
  readonly place: HeadPlace;
  /** Why it could not be judged, as a sentence; nothing else is known of it then. */
  readonly unjudged?: string;
  /** What is to be remembered of it. */
  readonly known: KnownPull;
}

interface ExamineContext {
  readonly github: Github;
  readonly mirror: ConfigRepoMirror;
  readonly heads: HeadJudge;
  /** The config in force; undefined while there is none. */
  readonly config: () => ConfigAtCommit | undefined;
  readonly pulls: () => readonly KnownPull[];
  readonly now: () => Date;
}

/** `pull` is what GitHub says now. Throws GitError, also when Git does not have its head yet. */
export async function examinePull(pull: PullRequest, context: ExamineContext): Promise<Examined> {
  const { mirror, heads } = context;
  const { head, base: tip } = await mirror.fetchPull(pull.number, pull.base);
  if (head !== pull.head) throw new GitError('failed', `refs/pull/${pull.number}/head is not ${pull.head} yet`);
  const place = { head, tip, inForce: context.config()?.commit };
  try {
    const facts = await heads.examine(place);
    return { pull, place, ...facts, known: remember(pull, facts.demands, context) };
  } catch (error) {
    if (!(error instanceof Unjudgeable)) throw error;
    return unjudged(pull, place, error.message, context);
  }
}

/** It may touch anything, so nobody but an admin could have a say in it. */
function unjudged(
  pull: PullRequest,
  place: HeadPlace,
  why: string,
  context: Pick<ExamineContext, 'pulls' | 'now'>,
): Examined {
  const demands = { touched: [], adminReasons: ['it could not be judged'], notes: [] };
  const changes = { ours: true, policy: false, chroots: [], projects: [] };
  const known = remember(pull, demands, context);
  return { pull, place, changes, problems: [], blocked: [], demands, packages: undefined, unjudged: why, known };
}

/** Approvals are of one head: they end when it moves, also when it comes back. */
function remember(
  pull: PullRequest,
  demands: Demands,
  { pulls, now }: Pick<ExamineContext, 'pulls' | 'now'>,
): KnownPull {
  const before = pulls().find(({ number }) => number === pull.number);
  const same = before !== undefined && before.head === pull.head && before.closedAt === null;
  return {
    number: pull.number,
    author: pull.author,
    head: pull.head,
    headSeenAt: same ? before.headSeenAt : now().toISOString(),
    touched: demands.touched,
    needsAdmin: demands.adminReasons.length > 0,
    approvals: same ? before.approvals : [],
    closedAt: null,
  };
}
