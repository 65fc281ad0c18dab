// Git in the bare repositories of the local GitHub.
import { type Git, type GitOptions, openGit } from '@coppice/builder-runner/remote';

/** `repository`: the folder of a bare repository. */
export function gitIn(repository: string, more: Omit<GitOptions, 'repository' | 'timeoutSeconds'> = {}): Git {
  return openGit({ repository, timeoutSeconds: 60, ...more });
}
