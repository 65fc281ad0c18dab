// For tests: GitHub's REST API of one repository, asked as a person.
import { connectGithub } from '../src/github-client.ts';

/** `path` is below the repository and may have a query. Rejects with Octokit's RequestError when GitHub refuses. */
export type AskRepository = <T>(login: string, method: string, path: string, body?: unknown) => Promise<T>;

/** `repository` is owner/name. */
export function askRepository(apiUrl: string, repository: string): AskRepository {
  return async <T>(login: string, method: string, path: string, body?: unknown) => {
    const client = connectGithub(apiUrl, `token-${login}`);
    const address = `${method} /repos/${repository}/${path}`;
    return (await client.request(address, body === undefined ? {} : { data: body })).data as T;
  };
}
