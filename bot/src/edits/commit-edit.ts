// Makes the commit of a command: in the mirror of the config repo, on the head of its branch, checked as any commit
// before it is pushed. The push itself is the guard: GitHub takes it only while nobody else has moved the branch.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Git, GitError, openGit } from '@coppice/builder-runner/remote';
import { type ConfigRepo, parseConfigRepo } from '@coppice/config';
import { type RepositoryAccess, withAccess } from '../config-repo/app-access.ts';
import type { ConfigRepoMirror } from '../config-repo/mirror.ts';
import * as reply from '../reply/edits.ts';
import type { ConfigEdit } from '../vocabulary/config-edit.ts';
import { applyEdit, subjectOf, type TreeChange } from './apply-edit.ts';
import { markOf, writeMessage } from './commit-message.ts';
import { judgeEdit } from './judge-edit.ts';

export interface CommitterOptions extends RepositoryAccess {
  /** The mirror's folder. */
  readonly folder: string;
  readonly mirror: ConfigRepoMirror;
  readonly branch: () => Promise<string>;
  /** A config as it counts for the people who are known. */
  readonly view: (config: ConfigRepo) => ConfigRepo;
  /** Called before a commit is pushed that deletes a project in somebody's name. */
  readonly deletionAsked: (project: string, commit: string) => Promise<unknown>;
  /** Who the bot is on GitHub. */
  readonly identity: () => Promise<{ readonly name: string; readonly email: string }>;
}

export interface EditRequest {
  readonly edit: ConfigEdit;
  readonly actor: string;
  /** Address of the comment. */
  readonly url: string;
  /** Unique to the command, and the same when it is worked off again: then no second commit is made. */
  readonly batch: string;
}

export type CommitOutcome =
  | { readonly kind: 'committed'; readonly commit: string }
  | { readonly kind: 'refuse' | 'nothing'; readonly markdown: string };

/** One edit after the other. Rejects on faults of the machinery only: GitError. */
export type Committer = (request: EditRequest) => Promise<CommitOutcome>;

const seconds = 60;
/** How far back a commit of the same command is looked for. */
const rememberedCommits = 500;

export function createCommitter(options: CommitterOptions): Committer {
  let before: Promise<unknown> = Promise.resolve();
  return (request) => {
    const outcome = before.then(() => commitEdit(request, options));
    before = outcome.catch(() => undefined);
    return outcome;
  };
}

async function commitEdit(request: EditRequest, options: CommitterOptions): Promise<CommitOutcome> {
  const branch = await options.branch();
  let head = await options.mirror.fetch(branch);
  for (let attempt = 0; attempt < 2; attempt += 1) {
    const before = await findCommit(options.folder, head, request.batch);
    if (before !== undefined) return { kind: 'committed', commit: before };
    const made = await makeCommit(request, head, options);
    if (made.kind !== 'committed') return made;
    const { edit } = request;
    if (edit.kind === 'delete' || edit.kind === 'expire') await options.deletionAsked(edit.project, made.commit);
    const refused = await push(made.commit, branch, options);
    if (refused === undefined) return made;
    const moved = await options.mirror.fetch(branch);
    if (moved === head) return { kind: 'refuse', markdown: reply.pushRefused(refused) };
    head = moved;
  }
  return { kind: 'refuse', markdown: reply.othersPush() };
}

async function findCommit(repository: string, head: string, batch: string): Promise<string | undefined> {
  const args = ['log', `--max-count=${rememberedCommits}`, '--format=%H%x00%B%x01', head];
  const log = await openGit({ repository, timeoutSeconds: seconds }).text(args);
  const entry = log.split('\u0001').find((one) => one.split('\n').includes(markOf(batch)));
  return entry?.trim().split('\0')[0];
}

/** A commit on `head` that is not pushed yet, or why there is none. */
async function makeCommit(request: EditRequest, head: string, options: CommitterOptions): Promise<CommitOutcome> {
  const { edit, actor } = request;
  const { tree } = await options.mirror.read(head);
  const stated = parseConfigRepo(tree);
  if (!stated.ok) return { kind: 'refuse', markdown: reply.headHasProblems(head) };
  const verdict = judgeEdit(edit, options.view(stated.value), actor);
  if (verdict.kind !== 'do') return verdict;
  const path = `projects/${edit.project}.yaml`;
  const before = tree.texts.get(path) ?? '';
  const change = applyEdit(edit, path, before, actor);
  // Rights by a team are none that the file could lose.
  if (edit.kind === 'drop' && change.write.get(path) === before)
    return { kind: 'nothing', markdown: reply.holdsByTeam(edit.login, edit.project) };
  const commit = await writeCommit(change, head, messageOf(request), options);
  const after = parseConfigRepo((await options.mirror.read(commit)).tree);
  return after.ok
    ? { kind: 'committed', commit }
    : { kind: 'refuse', markdown: reply.wouldHaveProblems(after.problems) };
}

function messageOf({ edit, actor, url, batch }: EditRequest): string {
  return writeMessage(subjectOf(edit), { login: actor, url, batch });
}

async function writeCommit(
  change: TreeChange,
  head: string,
  message: string,
  options: CommitterOptions,
): Promise<string> {
  const repository = options.folder;
  // Edits are made one after the other, so one index is enough; a killed service may have left its lock.
  const index = join(repository, 'coppice-edit-index');
  await rm(`${index}.lock`, { force: true });
  const { name, email } = await options.identity();
  const who = [
    ['user.name', name],
    ['user.email', email],
  ] as const;
  const git = openGit({ repository, index, config: who, timeoutSeconds: seconds });
  await git.text(['read-tree', head]);
  await stageChange(git, change, head);
  const tree = await git.text(['write-tree']);
  return await git.text(['commit-tree', tree, '-p', head, '-F', '-'], message);
}

/** Puts a change into the index, which holds the tree of `head`. */
async function stageChange(git: Git, change: TreeChange, head: string): Promise<void> {
  const filesBelow = async (...folders: readonly string[]) => {
    if (folders.length === 0) return [];
    const listed = await git.text(['ls-tree', '-r', '-z', '--name-only', '--full-tree', head, '--', ...folders]);
    return listed.split('\0').filter((path) => path !== '');
  };
  const stage = async (lines: readonly string[]) => {
    if (lines.length > 0) await git.text(['update-index', '-z', '--index-info'], lines.join(''));
  };
  const removal = (path: string) => `0 ${'0'.repeat(40)}\t${path}\0`;
  const lines = (await filesBelow(...change.remove)).map(removal);
  for (const [path, text] of change.write) {
    const blob = await git.text(['hash-object', '-w', '--stdin'], text);
    lines.push(`100644 ${blob}\t${path}\0`);
  }
  await stage(lines);
  for (const { from, to } of change.copy) {
    await stage((await filesBelow(to)).map(removal));
    if ((await filesBelow(from)).length > 0) await git.text(['read-tree', '-i', `--prefix=${to}/`, `${head}:${from}`]);
  }
}

/** What git said when the push was not taken; undefined when it was. Rejects when GitHub did not answer in time. */
async function push(commit: string, branch: string, options: CommitterOptions): Promise<string | undefined> {
  const repository = options.folder;
  try {
    await withAccess(options, async (url, access) => {
      const git = openGit({ repository, ...access, timeoutSeconds: seconds });
      await git.text(['push', '--quiet', url, `${commit}:refs/heads/${branch}`]);
    });
    return undefined;
  } catch (error) {
    if (!(error instanceof GitError) || error.code !== 'failed') throw error;
    return error.message;
  }
}
