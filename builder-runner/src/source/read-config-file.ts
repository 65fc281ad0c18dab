// Single files of the config repo, as they are at a commit.
import { GitError, openGit } from '../remote/open-git.ts';
import { isCommitId } from './source-git.ts';

/**
 * A commit never changes: what was read of it lately, by repository, commit and path, the least recently read first.
 */
const readLately = new Map<string, string>();

const mostRead = 100;

/** The text of one file of the config repo at a commit, or undefined when it is not there. */
export async function readConfigFile(repository: string, commit: string, path: string): Promise<string | undefined> {
  const key = `${repository}\n${commit}:${path}`;
  const text = readLately.get(key) ?? (await readFromGit(repository, commit, path));
  if (text === undefined) return undefined;
  readLately.delete(key);
  readLately.set(key, text);
  const [oldest] = readLately.keys();
  if (readLately.size > mostRead && oldest !== undefined) readLately.delete(oldest);
  return text;
}

async function readFromGit(repository: string, commit: string, path: string): Promise<string | undefined> {
  if (!isCommitId(commit)) return undefined;
  const git = openGit({ repository, timeoutSeconds: 60, maximumBytes: 1024 ** 2 });
  try {
    return (await git.catFile(['blob', `${commit}:${path}`])).toString('utf8');
  } catch (error) {
    if (error instanceof GitError && error.code !== 'timeout') return undefined;
    throw error;
  }
}
