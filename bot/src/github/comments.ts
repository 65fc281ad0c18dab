// Comments on issues and pull requests, and reactions to them.
import { everyPage, perPage } from './answer-memory.ts';
import type { Calls } from './installation.ts';

/** What of a comment decides; webhooks and lists of comments agree in it. */
export interface SeenComment {
  readonly id: number;
  readonly html_url: string;
  readonly user: { readonly login: string; readonly id: number; readonly type?: string } | null;
  readonly body: string;
  readonly created_at: string;
}

/** A comment as a list of comments has it. */
export interface ListedComment extends SeenComment {
  /** Later than `created_at` when it has been edited. */
  readonly updated_at: string;
}

export type Reaction = 'eyes' | 'rocket' | 'confused' | '+1';

export interface CommentCalls {
  /** Comments on issues and pull requests that were written or edited at `since` (ISO 8601) or later, newest first. */
  comments(since: string): Promise<readonly ListedComment[]>;
  newestComment(): Promise<ListedComment | undefined>;
  react(comment: number, reaction: Reaction): Promise<void>;
  createComment(issue: number, body: string): Promise<number>;
  /** Comments on a commit. */
  commentOn(commit: string, body: string): Promise<number>;
  /** The app's own comment on a commit whose body `fits`. */
  findCommentOn(commit: string, fits: (body: string) => boolean): Promise<number | undefined>;
  updateComment(comment: number, body: string): Promise<void>;
  /** The app's own comment on an issue, written after the comment `since`, whose body `fits`. */
  findComment(issue: number, since: number, fits: (body: string) => boolean): Promise<number | undefined>;
}

export function commentCalls({ place, ours, unlessChanged }: Calls): CommentCalls {
  return {
    async comments(since) {
      const { rest } = await ours();
      const query = { ...place, since, sort: 'created', direction: 'desc', per_page: perPage } as const;
      const comments = await unlessChanged(`comments ${since}`, (headers) =>
        everyPage((page) => rest.issues.listCommentsForRepo({ ...query, page, headers: page === 1 ? headers : {} })),
      );
      return comments.map(listed);
    },
    async newestComment() {
      const { rest } = await ours();
      const query = { ...place, sort: 'created', direction: 'desc', per_page: 1 } as const;
      return (await rest.issues.listCommentsForRepo(query)).data.map(listed)[0];
    },
    async react(comment, content) {
      await (await ours()).rest.reactions.createForIssueComment({ ...place, comment_id: comment, content });
    },
    async createComment(issue, body) {
      return (await (await ours()).rest.issues.createComment({ ...place, issue_number: issue, body })).data.id;
    },
    async commentOn(commit, body) {
      return (await (await ours()).rest.repos.createCommitComment({ ...place, commit_sha: commit, body })).data.id;
    },
    async findCommentOn(commit, fits) {
      const octokit = await ours();
      const query = { ...place, commit_sha: commit, per_page: perPage };
      const found = await octokit.paginate(octokit.rest.repos.listCommentsForCommit, query);
      return found.find((one) => one.user?.type === 'Bot' && fits(one.body))?.id;
    },
    async updateComment(comment, body) {
      await (await ours()).rest.issues.updateComment({ ...place, comment_id: comment, body });
    },
    async findComment(issue, since, fits) {
      const octokit = await ours();
      const pages = octokit.paginate.iterator(octokit.rest.issues.listComments, {
        ...place,
        issue_number: issue,
        per_page: 100,
      });
      for await (const { data } of pages) {
        const found = data.find((one) => one.id > since && one.user?.type === 'Bot' && fits(one.body ?? ''));
        if (found !== undefined) return found.id;
      }
      return undefined;
    },
  };
}

function listed(comment: Omit<ListedComment, 'body'> & { readonly body?: string | undefined }): ListedComment {
  const { id, html_url, user, created_at, updated_at } = comment;
  return { id, html_url, user, body: comment.body ?? '', created_at, updated_at };
}
