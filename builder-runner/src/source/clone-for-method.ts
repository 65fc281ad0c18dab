// A clone with history and tags up to one commit, for the programs that make a source package of a work tree: rpkg,
// tito, make.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { exists } from '../base/absent.ts';
import { fail, type Outcome, succeed } from '../base/outcome.ts';
import type { FetchOrder } from './fetch-order.ts';
import { enterSubdirectory } from './flatten-tree.ts';
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
  readonly subdirectory: string | undefined;
  /** The new folder of the clone. */
  readonly folder: string;
}

/** Makes the clone, the commit checked out, on a branch where `ref` is one; resolves with notes for people. */
export async function cloneForMethod(order: FetchOrder, wanted: CloneOrder): Promise<Outcome<readonly string[]>> {
  const size = await measureGitTree(order, wanted.repository, wanted.commit);
  if (size.ok && size.bytes > order.sourceBytes)
    return fail('source', `${wanted.url} is larger than the limit of ${order.sourceBytes} bytes.`);
  const made = size.ok ? await clone(order, wanted) : size;
  if (!made.ok) {
    const what = `${wanted.commit.slice(0, 12)} cannot be checked out of ${wanted.url}`;
    return fail('source', `${what}: ${made.why}.`);
  }
  const place = await enterSubdirectory(wanted.folder, wanted.subdirectory, wanted.url);
  if (!place.ok) return place;
  const submodules = await exists(join(wanted.folder, '.gitmodules'));
  return succeed(submodules ? ['The repository has submodules; they are not fetched.'] : []);
}

async function clone(order: FetchOrder, { repository, url, ref, commit, folder }: CloneOrder): Promise<GitEnd> {
  const mirror = { env: { GIT_DIR: repository } };
  await rm(folder, { recursive: true, force: true });
  const branch = await git(order, ['show-ref', '--verify', '--quiet', `refs/heads/${ref}`], mirror);
  const tags = await git(order, ['for-each-ref', '--format=%(refname)', `--merged=${commit}`, 'refs/tags'], mirror);
  if (!tags.ok) return tags;
  const started = await git(order, ['init', '--quiet', '--template=', folder]);
  if (!started.ok) return started;
  const inClone = { env: { GIT_DIR: join(folder, '.git'), GIT_WORK_TREE: folder }, cwd: folder };
  // The mirror is this service's own: the one place that is read as a path.
  const local = ['-c', 'protocol.file.allow=always', 'fetch', '--quiet', '--no-tags', '--no-write-fetch-head'];
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
