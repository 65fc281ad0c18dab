// The shapes in which REST names refs and commits.
import { gitIn } from '../git/git-in.ts';
import { type Commit, readCommits } from '../git/read-commits.ts';
import type { BridgeContext, Json } from './api.ts';
import { diffFiles } from './diff-files.ts';

const UNSIGNED = { verified: false, reason: 'unsigned', signature: null, payload: null, verified_at: null };
/** The tree without anything in it: what a first commit is compared with. */
const EMPTY_TREE = '4b825dc642cb6eb9a060e54bf8d69288fbee4904';

export async function refAnswer(context: BridgeContext, folder: string, repository: string, ref: string, sha: string) {
  const type = await gitIn(folder).text(['cat-file', '-t', sha]);
  const url = `${context.apiUrl}/repos/${repository}/git`;
  return {
    ref,
    node_id: Buffer.from(`Ref:${repository}:${ref}`).toString('base64'),
    url: `${url}/${ref}`,
    object: { sha, type, url: `${url}/${type}s/${sha}` },
  };
}

const signed = ({ name, email, date }: Commit['author']) => ({
  name,
  email,
  date: new Date(date).toISOString().replace('.000Z', 'Z'),
});

/** A commit as the git data API shows it. */
export function gitCommitAnswer(context: BridgeContext, repository: string, commit: Commit): Json {
  const url = `${context.apiUrl}/repos/${repository}/git`;
  return {
    sha: commit.sha,
    node_id: Buffer.from(`Commit:${commit.sha}`).toString('base64'),
    url: `${url}/commits/${commit.sha}`,
    html_url: `${context.url}/${repository}/commit/${commit.sha}`,
    author: signed(commit.author),
    committer: signed(commit.committer),
    tree: { sha: commit.tree, url: `${url}/trees/${commit.tree}` },
    message: commit.message,
    parents: commit.parents.map((sha) => ({
      sha,
      url: `${url}/commits/${sha}`,
      html_url: `${context.url}/${repository}/commit/${sha}`,
    })),
    verification: UNSIGNED,
  };
}

/** A commit as the repository's API shows it; `withFiles` adds what it changed. */
export async function commitAnswer(
  context: BridgeContext,
  folder: string,
  repository: string,
  sha: string,
  withFiles = true,
) {
  const [commit] = await readCommits(folder, ['-1', sha]);
  if (!commit) throw new Error(`${repository} has no commit ${sha}`);
  const url = `${context.apiUrl}/repos/${repository}`;
  const files = withFiles ? await diffFiles(context, folder, repository, commit.parents[0] ?? EMPTY_TREE, sha) : [];
  const additions = files.reduce((sum, one) => sum + one.additions, 0);
  const deletions = files.reduce((sum, one) => sum + one.deletions, 0);
  return {
    sha,
    node_id: Buffer.from(`Commit:${sha}`).toString('base64'),
    commit: {
      author: signed(commit.author),
      committer: signed(commit.committer),
      message: commit.message,
      tree: { sha: commit.tree, url: `${url}/git/trees/${commit.tree}` },
      url: `${url}/git/commits/${sha}`,
      comment_count: 0,
      verification: UNSIGNED,
    },
    url: `${url}/commits/${sha}`,
    html_url: `${context.url}/${repository}/commit/${sha}`,
    comments_url: `${url}/commits/${sha}/comments`,
    author: null,
    committer: null,
    parents: commit.parents.map((one) => ({
      sha: one,
      url: `${url}/commits/${one}`,
      html_url: `${context.url}/${repository}/commit/${one}`,
    })),
    ...(withFiles ? { stats: { additions, deletions, total: additions + deletions }, files } : {}),
  };
}
