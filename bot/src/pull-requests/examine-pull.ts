// Looks at a pull request: fetches its head, reads what it states, and says what it changes. Policy is that of the
// config in force.
import { GitError } from '@coppice/builder-runner/remote';
import { type Problem, parseConfigRepo, type Settings } from '@coppice/config';
import { type ConfigAtCommit, configAt } from '../config-repo/config-in-force.ts';
import type { ConfigFiles, ConfigRepoMirror } from '../config-repo/mirror.ts';
import type { Github } from '../github/github.ts';
import type { PullRequest } from '../github/repository.ts';
import type { BuiltIndex } from '../planning/built.ts';
import { compareProjects, fatesOf } from '../planning/project-fates.ts';
import type { Fate } from '../vocabulary/fate.ts';
import type { KnownPull } from '../vocabulary/known-pull.ts';
import { countingLeaving } from '../vocabulary/leaving.ts';
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
  /** What becomes of projects once it is merged. */
  readonly fates: readonly Fate[];
  /** How long after a merge what it deletes is deleted. */
  readonly graceSeconds: number;
  /** Where it conflicts with the branch that it goes into; undefined when that could not be found out. */
  readonly conflicts: readonly string[] | undefined;
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
  readonly built: Pick<BuiltIndex, 'counts'>;
  readonly settings: Pick<Settings, 'deletion'>;
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
  const conflicts = await mirror.conflicts(tip, head);
  const { graceSeconds } = context.settings.deletion;
  const known = { pull, changes, conflicts, graceSeconds };
  const nothing = { ...known, problems: [], blocked: [], fates: [], before: undefined, at: undefined };
  if (!changes.ours) return { ...nothing, demands: noDemands, known: remember(pull, noDemands, context) };
  const files = await mirror.read(head);
  const stated = parseConfigRepo(files.tree);
  const problems = stated.ok ? [] : stated.problems;
  if (base === undefined)
    return { ...nothing, problems, demands: noDemands, known: remember(pull, noDemands, context) };
  const policy = (await mirror.read(base.commit)).tree.texts.get('coppice.yaml') ?? '';
  const allowed = changes.policy ? parseConfigRepo(underPolicy(files.tree, policy)) : stated;
  const after = allowed.ok ? allowed.value : stated.ok ? stated.value : undefined;
  const demands = judgeChanges(changes, countingLeaving(base), after);
  const old = await mirror.read(from);
  return {
    ...known,
    problems,
    blocked: problems.length === 0 && !allowed.ok ? allowed.problems : [],
    demands,
    fates: after === undefined ? [] : fatesOfMerge(changes, base, configAt(head, files, after), context),
    before: problems.length === 0 ? configUnder(policy, from, old) : undefined,
    at: problems.length === 0 ? configUnder(policy, head, files) : undefined,
    known: { ...remember(pull, demands, context), conflicts: (conflicts ?? []).length > 0 },
  };
}

/** Of the projects whose files it changes: what is not on its branch yet is none of its doing. */
function fatesOfMerge(
  { projects }: Changes,
  base: ConfigAtCommit,
  after: ConfigAtCommit,
  { built, settings, now }: ExamineContext,
): readonly Fate[] {
  const { graceSeconds } = settings.deletion;
  const at = graceSeconds === 0 ? null : new Date(now().getTime() + graceSeconds * 1000).toISOString();
  const { leaving = [] } = base;
  const fates = fatesOf(compareProjects(base, after), { deleteAt: () => at, leaving, builds: built.counts() });
  return fates.filter((fate) =>
    fate.kind === 'renames'
      ? projects.includes(fate.from) && projects.includes(fate.to)
      : projects.includes(fate.project) && !(fate.kind === 'deletes' && fate.before),
  );
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
