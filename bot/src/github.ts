// What the bot asks of GitHub, one function a call; all as the app's installation on the config repo.
import type { ProbotOctokit } from 'probot';
import type { CheckAnnotation } from './bot-state.ts';

export interface CheckRun {
  readonly name: string;
  readonly commit: string;
  /** Unique for each check of ours; the same again after a restart. */
  readonly externalId: string;
  readonly detailsUrl: string;
  readonly status: 'queued' | 'in_progress' | 'completed';
  readonly conclusion: 'success' | 'failure' | 'cancelled' | 'skipped' | 'timed_out' | null;
  readonly title: string;
  readonly summary: string;
  readonly startedAt: string | null;
  readonly completedAt: string | null;
}

export type Reaction = 'eyes' | 'rocket' | 'confused' | '+1';

/** All methods reject with Octokit's RequestError when GitHub says no, after its own retries. */
export interface Github {
  /** The default branch, the commit that it points at, and who made that, as far as GitHub knows. */
  head(): Promise<{ readonly branch: string; readonly commit: string; readonly author: string }>;
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
}

/** GitHub takes this many annotations in one call. https://docs.github.com/en/rest/checks/runs */
export const annotationsPerCall = 50;

/** `app` authenticates as the app itself; `repository` is owner/name. */
export function createGithub(app: () => Promise<ProbotOctokit>, repository: string): Github {
  const [owner = '', repo = ''] = repository.split('/');
  let known: Promise<number> | undefined;
  const installation = async (): Promise<number> => {
    known ??= app()
      .then((octokit) => octokit.rest.apps.getRepoInstallation({ owner, repo }))
      .then(({ data }) => data.id);
    // A failed question must be asked again.
    known.catch(() => {
      known = undefined;
    });
    return await known;
  };
  let client: { readonly id: number; readonly octokit: ProbotOctokit } | undefined;
  const ours = async (): Promise<ProbotOctokit> => {
    const id = await installation();
    if (client?.id !== id) client = { id, octokit: await installationClient(await app(), id) };
    return client.octokit;
  };
  return {
    async head() {
      const octokit = await ours();
      const { data: about } = await octokit.rest.repos.get({ owner, repo });
      const { data: branch } = await octokit.rest.repos.getBranch({ owner, repo, branch: about.default_branch });
      const author = branch.commit.author?.login ?? branch.commit.commit.author?.name ?? 'unknown';
      return { branch: about.default_branch, commit: branch.commit.sha, author };
    },
    async token() {
      const octokit = await app();
      const { token } = (await octokit.auth({ type: 'installation', installationId: await installation() })) as {
        token: string;
      };
      return token;
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
      await (await ours()).rest.checks.update({ owner, repo, check_run_id: id, ...stateOf(check, annotations) });
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
    output: {
      title,
      summary,
      ...(annotations.length === 0
        ? {}
        : {
            annotations: annotations.map(({ path, line, column, message }) => ({
              path,
              start_line: line,
              end_line: line,
              start_column: column,
              end_column: column,
              annotation_level: 'failure' as const,
              message,
            })),
          }),
    },
  };
}
