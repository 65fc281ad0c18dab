// Mirrors of repositories that nobody here controls: a commit that is in one is never asked for again.
import { hash } from 'node:crypto';
import { mkdir, rm, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { inTurn } from '../base/in-turn.ts';
import { fail, type Outcome } from '../base/outcome.ts';
import { gitAddressConfig, Refused } from '../remote/addresses.ts';
import type { FetchOrder } from './fetch-order.ts';
import { type GitEnd, git, isCommitId } from './source-git.ts';

export interface MirrorOrder {
  readonly url: string;
  /** The branch or tag that led to the commit: for servers that do not hand out commits by their number. */
  readonly ref: string;
  readonly commit: string;
  /** `commit`: its files are enough; `full`: history, branches and tags too. */
  readonly history: 'commit' | 'full';
}

/** Calls `use` with the folder of a bare repository that holds the commit, which stays as it is meanwhile. */
export async function withMirror<T>(
  order: FetchOrder,
  wanted: MirrorOrder,
  use: (repository: string) => Promise<Outcome<T>>,
): Promise<Outcome<T>> {
  const { url, commit, history } = wanted;
  if (!isCommitId(commit)) return fail('source', `${JSON.stringify(commit)} is not a commit.`);
  // A shallow repository cannot be told from a whole one by those who read it: each kind has its own.
  const repository = join(order.cache.gitFolder, hash('sha256', `${history} ${url}`));
  const attempt = async () => {
    const there = await provide(order, repository, wanted);
    if (!there.ok) return fail('source', `${url} ${there.why}.`);
    const now = new Date();
    await utimes(repository, now, now);
    return use(repository);
  };
  const careful = async () => {
    const first = await attempt();
    if (first.ok || (await isSound(order, repository))) return first;
    // A disk or a crash broke the mirror; all of it can be fetched again.
    await rm(repository, { recursive: true, force: true });
    return attempt();
  };
  return inTurn(repository, careful, order.signal);
}

/** Whether everything is there that the mirror's refs lead to. */
async function isSound(order: FetchOrder, repository: string): Promise<boolean> {
  const checked = await git(order, ['fsck', '--connectivity-only', '--no-dangling', '--no-progress'], {
    env: { GIT_DIR: repository },
  });
  return checked.ok;
}

async function provide(order: FetchOrder, repository: string, wanted: MirrorOrder): Promise<GitEnd> {
  await mkdir(repository, { recursive: true, mode: 0o700 });
  const env = { GIT_DIR: repository };
  const pin = pinOf(wanted.commit);
  const known = await git(order, ['rev-parse', '--verify', '--quiet', `${pin}^{commit}`], { env });
  if (known.ok) return known;
  const made = await git(order, ['init', '--quiet', '--bare', '--template=', repository]);
  if (!made.ok) return made;
  try {
    const config = await gitAddressConfig(wanted.url, order.rules);
    const fetched = await fetchCommit(order, wanted, { env, config });
    order.cache.noteGrowth();
    // Only what arrived as a whole is pinned; git keeps what a ref leads to.
    return fetched.ok ? await git(order, ['update-ref', pin, wanted.commit], { env }) : fetched;
  } catch (error) {
    if (error instanceof Refused) return { ok: false, why: error.message, final: true };
    throw error;
  }
}

/** The ref that keeps a commit in a mirror. */
export function pinOf(commit: string): string {
  return `refs/pinned/${commit}`;
}

type Call = Parameters<typeof git>[2];

async function fetchCommit(order: FetchOrder, { url, ref, commit, history }: MirrorOrder, call: Call): Promise<GitEnd> {
  const options = ['fetch', '--quiet', '--no-recurse-submodules', '--no-write-fetch-head'];
  const refused = (end: GitEnd): GitEnd => (end.ok ? end : { ...end, why: `cannot be fetched: ${end.why}` });
  if (history === 'commit') {
    const shallow = await git(order, [...options, '--no-tags', '--depth=1', '--', url, commit], call);
    if (shallow.ok || shallow.final) return refused(shallow);
  }
  // Not every server hands out any commit by its number: take the history of the ref that led to it.
  const wanted = history === 'full' ? ['+refs/heads/*:refs/heads/*', '+refs/tags/*:refs/tags/*'] : [ref];
  const all = await git(order, [...options, '--no-tags', '--', url, ...wanted], call);
  if (!all.ok) return refused(all);
  const there = await git(order, ['cat-file', '-e', `${commit}^{commit}`], call);
  if (there.ok || history === 'commit') return there.ok ? there : gone(commit, ref);
  // Neither a branch nor a tag leads to it any more, or none ever did.
  const lone = await git(order, [...options, '--no-tags', '--', url, commit], call);
  return lone.ok ? lone : gone(commit, ref);
}

function gone(commit: string, ref: string): GitEnd {
  return { ok: false, why: `cannot be fetched: commit ${commit.slice(0, 12)} is not in ${ref} any more`, final: true };
}
