// Looks at a pull request: fetches its head, reads what it states, and says what it changes. Policy is that of the
// config in force.
import { GitError } from '@coppice/builder-runner/remote';
import { type Problem, parseConfigRepo } from '@coppice/config';
import { type ConfigAtCommit, configAt } from '../config-repo/config-in-force.ts';
import type { ConfigFiles, ConfigRepoMirror } from '../config-repo/mirror.ts';
import type { Github } from '../github/github.ts';
import type { PullRequest } from '../github/repository.ts';
import type { KnownPull } from '../vocabulary/known-pull.ts';
import { type Changes, type Demands, judgeChanges, sortChanges, underPolicy } from './changes.ts';

/** A head of a pull request and what follows from it. */
export interface Examined {
  readonly pull: PullRequest;
  readonly changes: Changes;
  /** What is wrong with the config as it would be after the merge. */
  readonly problems: readonly Problem[];
  /** What only the policy in force forbids: it cannot be built before it is merged. */
  readonly blocked: readonly Problem[];
  readonly demands: Demands;
  /** The config that both sides come from, under the policy in force; undefined when it has problems. */
  readonly before: ConfigAtCommit | undefined;
  /** What the head states, under the policy in force; undefined when nothing can be built of it. */
  readonly at: ConfigAtCommit | undefined;
  /** What is to be remembered of it. */
  readonly known: KnownPull;
}

interface ExamineContext {
  readonly github: Github;
  readonly mirror: ConfigRepoMirror;
  /** The config in force; undefined while there is none. */
  readonly config: () => ConfigAtCommit | undefined;
  readonly pulls: () => readonly KnownPull[];
  readonly now: () => Date;
}

const noDemands: Demands = { touched: [], adminReasons: [], notes: [] };

/** `pull` is what GitHub says now. Throws GitError, also when Git does not have its head yet. */
export async function examinePull(pull: PullRequest, context: ExamineContext): Promise<Examined> {
  const { mirror } = context;
  const { head, base: tip } = await mirror.fetchPull(pull.number, pull.base);
  if (head !== pull.head) throw new GitError('failed', `refs/pull/${pull.number}/head is not ${pull.head} yet`);
  const { from, paths } = await mirror.changes(tip, head);
  const changes = sortChanges(paths);
  const base = context.config();
  const nothing = { pull, changes, problems: [], blocked: [], before: undefined, at: undefined };
  if (!changes.ours) return { ...nothing, demands: noDemands, known: remember(pull, noDemands, context) };
  const files = await mirror.read(head);
  const stated = parseConfigRepo(files.tree);
  const problems = stated.ok ? [] : stated.problems;
  if (base === undefined)
    return { ...nothing, problems, demands: noDemands, known: remember(pull, noDemands, context) };
  const policy = (await mirror.read(base.commit)).tree.texts.get('coppice.yaml') ?? '';
  const allowed = changes.policy ? parseConfigRepo(underPolicy(files.tree, policy)) : stated;
  const demands = judgeChanges(changes, base.config, allowed.ok ? allowed.value : stated.ok ? stated.value : undefined);
  const old = await mirror.read(from);
  return {
    pull,
    changes,
    problems,
    blocked: problems.length === 0 && !allowed.ok ? allowed.problems : [],
    demands,
    before: problems.length === 0 ? configUnder(policy, from, old) : undefined,
    at: problems.length === 0 ? configUnder(policy, head, files) : undefined,
    known: remember(pull, demands, context),
  };
}

/** Undefined when the policy does not allow what the commit states. */
function configUnder(policy: string, commit: string, files: ConfigFiles): ConfigAtCommit | undefined {
  const parsed = parseConfigRepo(underPolicy(files.tree, policy));
  return parsed.ok ? configAt(commit, files, parsed.value) : undefined;
}

/** Approvals are of one head: they end when it moves, also when it comes back. */
function remember(pull: PullRequest, demands: Demands, { pulls, now }: ExamineContext): KnownPull {
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
