// For tests: GitHub's REST API of one repository, asked as people.
import { connectGithub, type GithubClient } from '../src/github/octokit-client.ts';

/**
 * `path` is below the repository, empty for itself, and may have a query. Rejects with Octokit's RequestError when
 * GitHub refuses.
 */
export type AskRepository = <T>(login: string, method: string, path: string, body?: unknown) => Promise<T>;

/** All that is in a list, from its first page to its last, as the maintainer sees it. */
export type ListRepository = <T>(path: string) => Promise<readonly T[]>;

/** `repository` is owner/name. */
export function askRepository(apiUrl: string, repository: string): AskRepository {
  const clients = new Map<string, GithubClient>();
  return async <T>(login: string, method: string, path: string, body?: unknown) => {
    const client = clients.get(login) ?? connectGithub(apiUrl, `token-${login}`);
    clients.set(login, client);
    const address = `${method} /repos/${repository}${path === '' ? '' : `/${path}`}`;
    return (await client.request(address, body === undefined ? {} : { data: body })).data as T;
  };
}

/** `repository` is owner/name. */
export function listRepository(apiUrl: string, repository: string): ListRepository {
  const client = connectGithub(apiUrl, 'token-maintainer');
  return async <T>(path: string) => await client.paginate<T>(`GET /repos/${repository}/${path}`, { per_page: 100 });
}
