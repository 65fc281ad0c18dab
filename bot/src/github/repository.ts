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
  readonly merged: boolean;
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
  /** Login; undefined when the account is gone. */
  readonly author: string | undefined;
}

/** The repository as GitHub named it last: it may have another name than the settings state. */
export interface SeenRepository {
  readonly id: number;
  /** owner/name. */
  readonly fullName: string;
}

/** What a merge queue would merge, on a branch of its own. */
export interface MergeGroup {
  /** The branch that it would be merged into. */
  readonly base: string;
  /** The name of its own. */
  readonly ref: string;
  readonly commit: string;
}

export interface RepositoryCalls {
  /** Undefined until `head` was asked for. */
  repository(): SeenRepository | undefined;
  /** Costs nothing of GitHub's limit while nothing has changed; so do `openPulls` and `comments`. */
  head(): Promise<Head>;
  /** Open pull requests, those that changed last first. */
  openPulls(): Promise<readonly OpenPull[]>;
  pull(number: number): Promise<PullRequest>;
  /** What merge queues would merge now; costs nothing while nothing has changed. */
  mergeGroups(): Promise<readonly MergeGroup[]>;
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
      return pulls.map(({ number, head, base, user }) => {
        return { number, head: head.sha, base: base.ref, author: user?.login };
      });
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
        merged: data.merged,
        draft: data.draft ?? false,
        url: html_url,
      };
    },
    async mergeGroups() {
      const { rest } = await ours();
      const query = { ...place, ref: `heads/${queueFolder}` };
      const refs = await unlessChanged('groups', (headers) => rest.git.listMatchingRefs({ ...query, headers }));
      return refs.flatMap(({ ref, object }) => {
        const base = queueBase(ref);
        return base === undefined ? [] : [{ ref, base, commit: object.sha }];
      });
    },
    async keysOf(login) {
      const { rest } = await ours();
      const { data } = await rest.users.listPublicKeysForUser({ username: login, per_page: perPage });
      return data.map(({ key }) => key);
    },
  };
}

/**
 * Where GitHub puts the branches of merge queues, which nobody else can push to.
 * https://docs.github.com/en/repositories/configuring-branches-and-merges-in-your-repository/configuring-pull-request-merges/managing-a-merge-queue#triggering-merge-group-checks-with-third-party-ci-providers
 */
const queueFolder = 'gh-readonly-queue/';

/** The branch that the branch of a merge queue would be merged into; undefined for other branches. Pure. */
export function queueBase(ref: string): string | undefined {
  return /^refs\/heads\/gh-readonly-queue\/(.+)\/pr-\d+-[0-9a-f]{40,64}$/.exec(ref)?.[1];
}
