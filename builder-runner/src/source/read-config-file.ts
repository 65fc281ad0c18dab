// Single files of the config repo, as they are at a commit.
import { execa } from 'execa';
import { gitEnvironment, isCommitId } from '../remote/git.ts';

/** A commit never changes: what was read of it lately, by repository, commit and path, the least recently read first. */
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
  const done = await execa('git', ['--git-dir', repository, 'cat-file', 'blob', `${commit}:${path}`], {
    env: gitEnvironment({ protocols: ['https'], mirrors: {} }),
    extendEnv: false,
    stdin: 'ignore',
    maxBuffer: 1024 ** 2,
    stripFinalNewline: false,
    reject: false,
  });
  return done.exitCode === 0 ? done.stdout : undefined;
}
