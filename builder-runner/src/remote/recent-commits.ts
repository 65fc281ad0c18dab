// What the last commits of a source say, for whoever asks what has changed. From what is here already.
import type { CommitRecord } from '@coppice/config';
import { GitError, openGit } from './open-git.ts';

const mostCommits = 20;
const subjectCharacters = 200;
/** Commits that are searched for those that touched a folder: a busy config repo has very many. */
const searchedCommits = 1_000;
const seconds = 10;

/**
 * The last commits up to `commit` in a repository of this machine, the newest first; with `path` those that touched it.
 * Fewer, or none, where the repository has no more of them or git takes too long: nothing depends on it.
 */
export async function recentCommits(
  repository: string,
  commit: string,
  path?: string,
): Promise<readonly CommitRecord[]> {
  const git = openGit({ repository, timeoutSeconds: seconds, maximumBytes: 2 ** 20 });
  // Names of files are no patterns.
  const of = path === undefined ? [] : ['--', `:(top,literal)${path}`];
  try {
    const floor =
      path === undefined ? '' : await git.text(['rev-list', '--max-count=1', `--skip=${searchedCommits}`, commit]);
    const known = floor === '' ? [] : [`^${floor}`];
    const form = `--format=%H %<(${subjectCharacters},trunc)%s`;
    const told = await git.text(['log', `--max-count=${mostCommits}`, form, commit, ...known, ...of]);
    return told.split('\n').flatMap((line) => {
      const [, id = '', subject = ''] = /^([0-9a-f]{40,64}) (.*)$/.exec(line) ?? [];
      return id === '' ? [] : [{ commit: id, subject: plainLine(subject) }];
    });
  } catch (error) {
    if (error instanceof GitError) return [];
    throw error;
  }
}

/** Without what steers terminals and the direction of text. */
function plainLine(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Cf}\p{Cs}]/gu, ' ')
    .trim()
    .slice(0, subjectCharacters);
}
