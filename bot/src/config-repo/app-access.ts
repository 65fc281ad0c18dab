// How git reaches the config repo on GitHub as the app: the token goes by the environment, never by arguments.
import { GitError, type GitOptions } from '@coppice/builder-runner/remote';

/** What the app needs to reach its repository by Git. */
export interface RepositoryAccess {
  /** Address of the repository as it is called now, without user or token. */
  readonly url: () => string;
  /** A fresh installation token. */
  readonly token: () => Promise<string>;
  /** The token is not taken any more. */
  readonly forgetToken: () => void;
}

/**
 * Does `work` with the address and what Git needs to speak to it; once more with a new token where GitHub does not take
 * the one that it gave: a token may end before its time. Rejects as `work` does.
 */
export async function withAccess<T>(
  { url, token, forgetToken }: RepositoryAccess,
  work: (url: string, access: ReturnType<typeof appAccess>) => Promise<T>,
): Promise<T> {
  const attempt = async () => await work(url(), appAccess(url(), await token()));
  try {
    return await attempt();
  } catch (error) {
    if (!(error instanceof GitError) || !refusesToken.test(error.message)) throw error;
    forgetToken();
    return await attempt();
  }
}

/** How git words an answer of 401 and of 403. */
const refusesToken = /authentication failed|could not read (?:username|password)|returned error: 40[13]/i;

/**
 * For commands that speak to `url` and to no other server: git would send the token to any. The address is no part of
 * the setting's name: simple-git refuses names that look dangerous, and an address may hold any words.
 */
export function appAccess(url: string, token: string): Required<Pick<GitOptions, 'protocols' | 'config'>> {
  const secret = Buffer.from(`x-access-token:${token}`).toString('base64');
  return {
    protocols: [new URL(url).protocol.replace(':', '')],
    config: [['http.extraHeader', `Authorization: Basic ${secret}`]],
  };
}
