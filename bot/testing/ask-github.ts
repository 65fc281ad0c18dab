// For tests: GitHub's REST API of one repository, asked as a person.
import { connectGithub, explainRefusal, refusalStatus } from '../src/github-client.ts';

/** `path` is below the repository and may have a query. Rejects with what GitHub answered, its status included. */
export type AskRepository = <T>(login: string, method: string, path: string, body?: unknown) => Promise<T>;

/** `repository` is owner/name. */
export function askRepository(apiUrl: string, repository: string): AskRepository {
  return async <T>(login: string, method: string, path: string, body?: unknown) => {
    const client = connectGithub(apiUrl, `token-${login}`);
    try {
      const address = `/repos/${repository}/${path}`.replace(/\/$/, '');
      const { data } = await client.request(`${method} ${address}`, body === undefined ? {} : { data: body });
      return data as T;
    } catch (error) {
      if (refusalStatus(error) === undefined) throw error;
      throw new Error(`${method} ${path}: ${String(explainRefusal(error))}`, { cause: error });
    }
  };
}
