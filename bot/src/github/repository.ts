// What is asked of the repository itself: its default branch, its pull requests; and of people their keys.
import { everyPage, perPage } from './answer-memory.ts';
import type { Calls } from './installation.ts';

/** A pull request as it is now. */
export interface PullRequest {
  readonly number: number;
  readonly author: string;
  /** The numeric id of its author's account. */
  readonly authorId: number;
  readonly head: string;
  /** The branch that it wants to be merged into. */
  readonly base: string;
  /** That is the repository's default branch. */
  readonly intoDefault: boolean;
  readonly open: boolean;
  readonly draft: boolean;
  readonly url: string;
}

/** The default branch, the commit that it points at, and who made that, as far as GitHub knows. */
export interface Head {
  readonly branch: string;
  readonly commit: string;
  readonly author: string;
}

export interface OpenPull {
  readonly number: number;
  readonly head: string;
  /** The branch that it asks to be merged into. */
  readonly base: string;
}

/** The repository as GitHub named it last: it may have another name than the settings state. */
export interface SeenRepository {
  readonly id: number;
  /** owner/name. */
  readonly fullName: string;
}

export interface RepositoryCalls {
  /** Undefined until `head` was asked for. */
  repository(): SeenRepository | undefined;
  /** Costs nothing of GitHub's limit while nothing has changed; so do `openPulls` and `comments`. */
  head(): Promise<Head>;
  /** Open pull requests, those that changed last first. */
  openPulls(): Promise<readonly OpenPull[]>;
  pull(number: number): Promise<PullRequest>;
  /** The public SSH keys of a person, as they are now. */
  keysOf(login: string): Promise<readonly string[]>;
}

export function repositoryCalls({ place, ours, unlessChanged }: Calls): RepositoryCalls {
  let seen: SeenRepository | undefined;
  return {
    repository: () => seen,
    async head() {
      const { rest } = await ours();
      const about = await unlessChanged('repository', (headers) => rest.repos.get({ ...place, headers }));
      seen = { id: about.id, fullName: about.full_name };
      const name = about.default_branch;
      const branch = await unlessChanged(`branch ${name}`, (headers) =>
        rest.repos.getBranch({ ...place, branch: name, headers }),
      );
      const author = branch.commit.author?.login ?? branch.commit.commit.author?.name ?? 'unknown';
      return { branch: name, commit: branch.commit.sha, author };
    },
    async openPulls() {
      const { rest } = await ours();
      const query = { ...place, state: 'open', sort: 'updated', direction: 'desc', per_page: perPage } as const;
      const pulls = await unlessChanged('pulls', (headers) =>
        everyPage((page) => rest.pulls.list({ ...query, page, headers: page === 1 ? headers : {} })),
      );
      return pulls.map(({ number, head, base }) => ({ number, head: head.sha, base: base.ref }));
    },
    async pull(number) {
      const { data } = await (await ours()).rest.pulls.get({ ...place, pull_number: number });
      const { base, head, user, state, html_url } = data;
      return {
        number,
        author: user.login,
        authorId: user.id,
        head: head.sha,
        base: base.ref,
        intoDefault: base.ref === base.repo.default_branch,
        open: state === 'open',
        draft: data.draft ?? false,
        url: html_url,
      };
    },
    async keysOf(login) {
      const { rest } = await ours();
      const { data } = await rest.users.listPublicKeysForUser({ username: login, per_page: perPage });
      return data.map(({ key }) => key);
    },
  };
}
