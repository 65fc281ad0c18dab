// A clone with history and tags up to one commit, for the programs that make a source package of a work tree: rpkg,
// tito, make.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fail, type Outcome, succeed } from '../base/outcome.ts';
import type { FetchOrder } from './fetch-order.ts';
import type { CheckedOut } from './fetch-submodules.ts';
import { pinOf } from './git-mirror.ts';
import { type GitEnd, git } from './source-git.ts';
import { measureGitTree } from './write-git-tree.ts';

interface CloneOrder {
  /** The bare mirror. */
  readonly repository: string;
  /** Stands in the clone as the address of `origin`: rpkg writes it into specs. */
  readonly url: string;
  readonly ref: string;
  readonly commit: string;
  /** The new folder of the clone. */
  readonly folder: string;
}

/** Makes the clone, the commit checked out, on a branch where `ref` is one; resolves with the bytes of its files. */
export async function cloneForMethod(order: FetchOrder, wanted: CloneOrder): Promise<Outcome<number>> {
  const { repository, commit, url } = wanted;
  const failed = (why: string) => fail('source', `${commit.slice(0, 12)} cannot be checked out of ${url}: ${why}.`);
  const size = await measureGitTree(order, repository, commit);
  if (!size.ok) return failed(size.why);
  if (size.bytes > order.sourceBytes)
    return fail('source', `${url} is larger than the limit of ${order.sourceBytes} bytes.`);
  const made = await cloneCommit(order, wanted);
  return made.ok ? succeed(size.bytes) : failed(made.why);
}

/** The same of a submodule, in its place in the work tree of another repository, which learns its address. */
export async function cloneSubmodule(
  order: FetchOrder,
  repository: string,
  module: CheckedOut & { readonly name: string; readonly parent: string },
): Promise<GitEnd> {
  const { name, parent, url } = module;
  const cloned = await cloneCommit(order, { ...module, repository });
  // Without it git's own tools take it for one that nobody asked for; a name that is odd is theirs to complain about.
  const isPlain = /^[A-Za-z0-9_][\w./+-]{0,200}$/.test(name) && !name.includes('..');
  if (!cloned.ok || !isPlain) return cloned;
  return git(order, ['config', `submodule.${name}.url`, url], { env: { GIT_DIR: join(parent, '.git') } });
}

async function cloneCommit(order: FetchOrder, { repository, url, ref, commit, folder }: CloneOrder): Promise<GitEnd> {
  const mirror = { env: { GIT_DIR: repository } };
  await rm(folder, { recursive: true, force: true });
  const branch = await git(order, ['show-ref', '--verify', '--quiet', `refs/heads/${ref}`], mirror);
  const tags = await git(order, ['for-each-ref', '--format=%(refname)', `--merged=${commit}`, 'refs/tags'], mirror);
  if (!tags.ok) return tags;
  const started = await git(order, ['init', '--quiet', '--template=', folder]);
  if (!started.ok) return started;
  const inClone = { env: { GIT_DIR: join(folder, '.git'), GIT_WORK_TREE: folder }, cwd: folder };
  // The mirror is this service's own: the one place that is read as a path.
  const local = [
    '-c',
    'protocol.file.allow=always',
    'fetch',
    '--quiet',
    '--no-tags',
    '--no-write-fetch-head',
    '--update-shallow',
  ];
  const refs = tags.output.split('\n').filter((name) => name !== '');
  const wanted = [`${pinOf(commit)}:${pinOf(commit)}`, ...refs.map((name) => `${name}:${name}`)];
  const fetched = await git(order, [...local, '--stdin', '--', `file://${repository}`], {
    ...inClone,
    env: { ...inClone.env, GIT_ALLOW_PROTOCOL: 'file' },
    input: `${wanted.join('\n')}\n`,
  });
  if (!fetched.ok) return fetched;
  const onto = branch.ok ? ['-B', ref] : ['--detach'];
  const steps = [
    ['checkout', '--quiet', '--force', ...onto, commit, '--'],
    ['update-ref', '-d', pinOf(commit)],
    ['config', 'remote.origin.url', url],
  ];
  for (const step of steps) {
    const done = await git(order, step, inClone);
    if (!done.ok) return done;
  }
  return { ok: true, output: '' };
}
