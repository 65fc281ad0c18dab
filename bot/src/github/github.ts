// What the bot asks of GitHub, one function a call; all as the app's installation on the config repo.
import type { ProbotOctokit } from 'probot';
import type { CheckAnnotation } from '../vocabulary/answer.ts';
import type { RateGate } from './rate-limit.ts';

export interface CheckRun {
  readonly name: string;
  readonly commit: string;
  /** Unique for each check of ours; the same again after a restart. */
  readonly externalId: string;
  readonly detailsUrl: string;
  readonly status: 'queued' | 'in_progress' | 'completed';
  readonly conclusion:
    | 'success'
    | 'failure'
    | 'cancelled'
    | 'skipped'
    | 'timed_out'
    | 'neutral'
    | 'action_required'
    | null;
  readonly title: string;
  readonly summary: string;
  readonly startedAt: string | null;
  readonly completedAt: string | null;
  /** Its buttons, at most three; GitHub takes 20 characters of a label or identifier and 40 of a description. */
  readonly actions: readonly { readonly label: string; readonly description: string; readonly identifier: string }[];
}

export type Reaction = 'eyes' | 'rocket' | 'confused' | '+1';

/** A pull request as it is now. */
export interface PullRequest {
  readonly number: number;
  readonly author: string;
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

/** An issue in which a fault of the service is told. */
export interface OperationsIssue {
  readonly number: number;
  readonly title: string;
  readonly body: string;
}

export interface OpenPull {
  readonly number: number;
  readonly head: string;
  /** The branch that it asks to be merged into. */
  readonly base: string;
}

/** A comment as a list of comments has it. */
export interface ListedComment extends SeenComment {
  /** Later than `created_at` when it has been edited. */
  readonly updated_at: string;
}

/**
 * All methods reject with RateLimited while GitHub takes no requests, and with Octokit's RequestError when it says no.
 */
export interface Github {
  /** Costs nothing of GitHub's limit while nothing has changed; so do the two below. */
  head(): Promise<Head>;
  /** Open pull requests, those that changed last first. */
  openPulls(): Promise<readonly OpenPull[]>;
  /** The public SSH keys of a person, as they are now. */
  keysOf(login: string): Promise<readonly string[]>;
  /** Comments on issues and pull requests that were written or edited at `since` (ISO 8601) or later, newest first. */
  comments(since: string): Promise<readonly ListedComment[]>;
  newestComment(): Promise<ListedComment | undefined>;
  pull(number: number): Promise<PullRequest>;
  /** Whose name the app's commits carry: its own, as GitHub writes it. */
  identity(): Promise<{ readonly name: string; readonly email: string }>;
  /** An installation token that lives for some minutes more. */
  token(): Promise<string>;
  react(comment: number, reaction: Reaction): Promise<void>;
  createComment(issue: number, body: string): Promise<number>;
  updateComment(comment: number, body: string): Promise<void>;
  /** The app's own comment on an issue, written after the comment `since`, whose body `fits`. */
  findComment(issue: number, since: number, fits: (body: string) => boolean): Promise<number | undefined>;
  createCheck(check: CheckRun, annotations: readonly CheckAnnotation[]): Promise<number>;
  updateCheck(id: number, check: CheckRun, annotations: readonly CheckAnnotation[]): Promise<void>;
  findCheck(check: CheckRun): Promise<number | undefined>;
  /** The app's newest check run of each name on a commit. */
  listChecks(commit: string): Promise<readonly ListedCheck[]>;
  /** The app's own open issues with this label. */
  operationsIssues(label: string): Promise<readonly OperationsIssue[]>;
  openIssue(title: string, body: string, label: string): Promise<number>;
  editIssue(number: number, title: string, body: string): Promise<void>;
  closeIssue(number: number): Promise<void>;
}

export interface ListedCheck {
  readonly id: number;
  readonly externalId: string;
  readonly conclusion: string | null;
}

/** GitHub takes this many annotations in one call. https://docs.github.com/en/rest/checks/runs */
export const annotationsPerCall = 50;
/** A token is not given away when it has less than this to live. */
const tokenSpareMilliseconds = 10 * 60_000;

/**
 * `app` authenticates as the app itself; `repository` is owner/name. Every request but that for a token passes the
 * gate.
 */
export function createGithub(app: () => Promise<ProbotOctokit>, repository: string, gate: RateGate): Github {
  const [owner = '', repo = ''] = repository.split('/');
  let known: Promise<{ readonly id: number; readonly app_slug: string }> | undefined;
  const installation = async () => {
    known ??= app()
      .then((octokit) => gate.pass(() => octokit.rest.apps.getRepoInstallation({ owner, repo })))
      .then(({ data }) => data);
    // A failed question must be asked again.
    known.catch(() => {
      known = undefined;
    });
    return await known;
  };
  let client: { readonly id: number; readonly octokit: ProbotOctokit } | undefined;
  const ours = async (): Promise<ProbotOctokit> => {
    const { id } = await installation();
    if (client?.id === id) return client.octokit;
    const octokit = await installationClient(await app(), id);
    octokit.hook.wrap('request', (request, options) => gate.pass(async () => await request(options)));
    client = { id, octokit };
    return octokit;
  };
  const unlessChanged = createAnswerMemory();
  let gitToken: { readonly token: string; readonly expires_at: string } | undefined;
  return {
    async head() {
      const { rest } = await ours();
      const about = await unlessChanged('repository', (headers) => rest.repos.get({ owner, repo, headers }));
      const name = about.default_branch;
      const branch = await unlessChanged(`branch ${name}`, (headers) =>
        rest.repos.getBranch({ owner, repo, branch: name, headers }),
      );
      const author = branch.commit.author?.login ?? branch.commit.commit.author?.name ?? 'unknown';
      return { branch: name, commit: branch.commit.sha, author };
    },
    async openPulls() {
      const { rest } = await ours();
      const query = { owner, repo, state: 'open', sort: 'updated', direction: 'desc', per_page: perPage } as const;
      const pulls = await unlessChanged('pulls', (headers) =>
        everyPage((page) => rest.pulls.list({ ...query, page, headers: page === 1 ? headers : {} })),
      );
      return pulls.map(({ number, head, base }) => ({ number, head: head.sha, base: base.ref }));
    },
    async keysOf(login) {
      const { rest } = await ours();
      const { data } = await rest.users.listPublicKeysForUser({ username: login, per_page: perPage });
      return data.map(({ key }) => key);
    },
    async comments(since) {
      const { rest } = await ours();
      const query = { owner, repo, since, sort: 'created', direction: 'desc', per_page: perPage } as const;
      const comments = await unlessChanged(`comments ${since}`, (headers) =>
        everyPage((page) => rest.issues.listCommentsForRepo({ ...query, page, headers: page === 1 ? headers : {} })),
      );
      return comments.map(listed);
    },
    async newestComment() {
      const { rest } = await ours();
      const query = { owner, repo, sort: 'created', direction: 'desc', per_page: 1 } as const;
      return (await rest.issues.listCommentsForRepo(query)).data.map(listed)[0];
    },
    async pull(number) {
      const { data } = await (await ours()).rest.pulls.get({ owner, repo, pull_number: number });
      const { base, head, user, state, html_url } = data;
      return {
        number,
        author: user.login,
        head: head.sha,
        base: base.ref,
        intoDefault: base.ref === base.repo.default_branch,
        open: state === 'open',
        draft: data.draft ?? false,
        url: html_url,
      };
    },
    async identity() {
      const name = `${(await installation()).app_slug}[bot]`;
      return { name, email: `${name}@users.noreply.github.com` };
    },
    async token() {
      // Asked for by REST: Octokit's own way takes api.github.com for granted when it has no token in store.
      if (gitToken === undefined || Date.parse(gitToken.expires_at) - Date.now() < tokenSpareMilliseconds) {
        const { rest } = await app();
        const { id } = await installation();
        gitToken = (await rest.apps.createInstallationAccessToken({ installation_id: id })).data;
      }
      return gitToken.token;
    },
    async react(comment, content) {
      await (await ours()).rest.reactions.createForIssueComment({ owner, repo, comment_id: comment, content });
    },
    async createComment(issue, body) {
      return (await (await ours()).rest.issues.createComment({ owner, repo, issue_number: issue, body })).data.id;
    },
    async updateComment(comment, body) {
      await (await ours()).rest.issues.updateComment({ owner, repo, comment_id: comment, body });
    },
    async findComment(issue, since, fits) {
      const octokit = await ours();
      const pages = octokit.paginate.iterator(octokit.rest.issues.listComments, {
        owner,
        repo,
        issue_number: issue,
        per_page: 100,
      });
      for await (const { data } of pages) {
        const found = data.find((one) => one.id > since && one.user?.type === 'Bot' && fits(one.body ?? ''));
        if (found !== undefined) return found.id;
      }
      return undefined;
    },
    async createCheck(check, annotations) {
      const { data } = await (await ours()).rest.checks.create({
        owner,
        repo,
        name: check.name,
        head_sha: check.commit,
        external_id: check.externalId,
        ...stateOf(check, annotations),
      });
      return data.id;
    },
    async updateCheck(id, check, annotations) {
      // A run that is asked for again goes on with another build.
      const external_id = check.externalId;
      await (await ours()).rest.checks.update({
        owner,
        repo,
        check_run_id: id,
        external_id,
        ...stateOf(check, annotations),
      });
    },
    async findCheck(check) {
      const octokit = await ours();
      const found = await octokit.paginate(octokit.rest.checks.listForRef, {
        owner,
        repo,
        ref: check.commit,
        check_name: check.name,
        filter: 'all',
        per_page: 100,
      });
      return found.find((one) => one.external_id === check.externalId)?.id;
    },
    async listChecks(commit) {
      const octokit = await ours();
      const found = await octokit.paginate(octokit.rest.checks.listForRef, {
        owner,
        repo,
        ref: commit,
        filter: 'latest',
        per_page: 100,
      });
      return found.map(({ id, external_id, conclusion }) => ({ id, externalId: external_id ?? '', conclusion }));
    },
    async operationsIssues(labels) {
      const { rest, paginate } = await ours();
      const query = { owner, repo, labels, state: 'open', per_page: perPage } as const;
      const bot = `${(await installation()).app_slug}[bot]`;
      const found = await paginate(rest.issues.listForRepo, query);
      const own = found.filter((issue) => issue.user?.login === bot && issue.pull_request === undefined);
      return own.map(({ number, title, body }) => ({ number, title, body: body ?? '' }));
    },
    async openIssue(title, body, label) {
      // GitHub makes a label that it does not know.
      return (await (await ours()).rest.issues.create({ owner, repo, title, body, labels: [label] })).data.number;
    },
    async editIssue(issue, title, body) {
      await (await ours()).rest.issues.update({ owner, repo, issue_number: issue, title, body });
    },
    async closeIssue(issue) {
      const closed = { state: 'closed', state_reason: 'completed' } as const;
      await (await ours()).rest.issues.update({ owner, repo, issue_number: issue, ...closed });
    },
  };
}

function listed(comment: Omit<ListedComment, 'body'> & { readonly body?: string | undefined }): ListedComment {
  const { id, html_url, user, created_at, updated_at } = comment;
  return { id, html_url, user, body: comment.body ?? '', created_at, updated_at };
}

/** Most that GitHub gives at once. */
const perPage = 100;

interface Answered<T> {
  readonly headers: { readonly etag?: string | undefined };
  readonly data: T;
}

/** A list with the headers of its first page. Those lists begin with what changed last: the first page tells of all. */
async function everyPage<T>(ask: (page: number) => Promise<Answered<readonly T[]>>): Promise<Answered<readonly T[]>> {
  const { headers, data } = await ask(1);
  const all = [...data];
  for (let page = 2, last = data; last.length === perPage; page += 1) {
    last = (await ask(page)).data;
    all.push(...last);
  }
  return { headers, data: all };
}

/**
 * Asks again only for what has changed: GitHub does not count an answer of 304.
 * https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#use-conditional-requests
 */
function createAnswerMemory() {
  /** The first word of a question → the last answer to it; a question that is put in other words takes its place. */
  const answers = new Map<string, { readonly question: string; readonly etag: string; readonly data: unknown }>();
  return async <T>(question: string, ask: (headers: Record<string, string>) => Promise<Answered<T>>): Promise<T> => {
    const [subject = ''] = question.split(' ');
    const before = answers.get(subject);
    const known = before?.question === question ? before : undefined;
    try {
      const { data, headers } = await ask(known === undefined ? {} : { 'if-none-match': known.etag });
      if (headers.etag === undefined) answers.delete(subject);
      else answers.set(subject, { question, etag: headers.etag, data });
      return data;
    } catch (error) {
      if (known === undefined || (error as { status?: unknown }).status !== 304) throw error;
      return known.data as T;
    }
  };
}

async function installationClient(app: ProbotOctokit, installationId: number): Promise<ProbotOctokit> {
  return (await app.auth({
    type: 'installation',
    installationId,
    factory: (options: { octokit: ProbotOctokit; octokitOptions: OctokitOptions }) => {
      const { octokit, octokitOptions } = options;
      const Octokit = octokit.constructor as new (options: unknown) => ProbotOctokit;
      return new Octokit({ ...octokitOptions, auth: { ...octokitOptions.auth, installationId } });
    },
  })) as ProbotOctokit;
}

interface OctokitOptions {
  readonly auth: Record<string, unknown>;
}

function stateOf(check: CheckRun, annotations: readonly CheckAnnotation[]) {
  const { status, conclusion, startedAt, completedAt, title, summary } = check;
  return {
    details_url: check.detailsUrl,
    ...(conclusion === null ? { status } : { conclusion, status: 'completed' as const }),
    ...(startedAt === null ? {} : { started_at: startedAt }),
    ...(conclusion === null || completedAt === null ? {} : { completed_at: completedAt }),
    actions: [...check.actions],
    output: {
      title,
      summary,
      ...(annotations.length === 0
        ? {}
        : {
            annotations: annotations.map(({ path, line, column, message, level }) => ({
              path,
              start_line: line,
              end_line: line,
              start_column: column,
              end_column: column,
              annotation_level: level ?? ('failure' as const),
              message,
            })),
          }),
    },
  };
}

/** What of a comment decides; webhooks and lists of comments agree in it. */
export interface SeenComment {
  readonly id: number;
  readonly html_url: string;
  readonly user: { readonly login: string; readonly type?: string } | null;
  readonly body: string;
  readonly created_at: string;
}
