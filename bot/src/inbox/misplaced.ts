// What GitHub tells of text that may hold a command and is no new comment: descriptions, reviews, edits. Pure.
import { holdsNoCommand, maximumCommentLength } from '../commands/read/parse-comment.ts';
import type { Job, MisplacedIn } from '../vocabulary/job.ts';

/** https://docs.github.com/en/webhooks/webhook-events-and-payloads */
export const misplacedEvents: (
  | 'issue_comment.edited'
  | `${'issues' | 'pull_request'}.${'opened' | 'edited'}`
  | `pull_request_review.${'submitted' | 'edited'}`
  | `pull_request_review_comment.${'created' | 'edited'}`
  | 'commit_comment.created'
)[] = [
  'issue_comment.edited',
  'issues.opened',
  'issues.edited',
  'pull_request.opened',
  'pull_request.edited',
  'pull_request_review.submitted',
  'pull_request_review.edited',
  'pull_request_review_comment.created',
  'pull_request_review_comment.edited',
  'commit_comment.created',
];

interface User {
  readonly login: string;
  readonly type?: string | undefined;
}

interface Text {
  readonly body?: string | null | undefined;
  readonly user?: User | null | undefined;
}

/** What those events have in common. */
export interface MisplacedPayload {
  readonly action: string;
  readonly sender?: User | undefined;
  readonly comment?: (Text & { readonly id: number; readonly commit_id?: string }) | undefined;
  readonly review?: (Text & { readonly id: number }) | undefined;
  readonly issue?: (Text & { readonly number: number }) | undefined;
  readonly pull_request?: (Text & { readonly number: number }) | undefined;
  /** Of an edit: what was edited. */
  readonly changes?: object | undefined;
}

interface Found {
  readonly place: MisplacedIn;
  readonly id: number;
  readonly on: Extract<Job, { kind: 'misplaced' }>['on'];
  readonly text: Text;
}

/** The login of a person; undefined for bots and for who is gone. */
function personOf(user: User | null | undefined): string | undefined {
  const login = user?.login ?? '';
  return login === '' || user?.type === 'Bot' || login.endsWith('[bot]') ? undefined : login;
}

/** Undefined when it holds no command, was written by no person, or the text was not edited. */
export function jobOfMisplaced(payload: MisplacedPayload): Job | undefined {
  const found = find(payload);
  const actor = personOf(payload.sender);
  const before = textBefore(payload);
  if (found === undefined || actor === undefined || before === undefined) return undefined;
  const { text, ...where } = found;
  const body = (text.body ?? '').slice(0, maximumCommentLength);
  if (personOf(text.user) === undefined || holdsNoCommand(body)) return undefined;
  return { kind: 'misplaced', ...where, actor, body, before };
}

function find({ comment, review, issue, pull_request: pull }: MisplacedPayload): Found | undefined {
  if (review !== undefined) {
    return pull && { place: 'review', id: review.id, on: { issue: pull.number }, text: review };
  }
  if (comment !== undefined) {
    const { id } = comment;
    if (issue !== undefined) return { place: 'edited-comment', id, on: { issue: issue.number }, text: comment };
    if (pull !== undefined) return { place: 'review-comment', id, on: { issue: pull.number }, text: comment };
    const commit = comment.commit_id;
    return commit === undefined ? undefined : { place: 'commit-comment', id, on: { commit }, text: comment };
  }
  if (pull !== undefined) {
    return { place: 'pull-description', id: pull.number, on: { issue: pull.number }, text: pull };
  }
  return issue && { place: 'issue-description', id: issue.number, on: { issue: issue.number }, text: issue };
}

/** Empty for what is new; undefined when an edit left the text as it was. */
function textBefore({ action, changes }: MisplacedPayload): string | undefined {
  if (action !== 'edited' || changes === undefined) return '';
  const { body } = changes as { readonly body?: { readonly from?: string } };
  return body === undefined ? undefined : (body.from ?? '').slice(0, maximumCommentLength);
}
