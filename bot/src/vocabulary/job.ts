// What was heard and is to be worked off.
import { createHash } from 'node:crypto';

/** What of a webhook is needed to work it off later. */
export type Job =
  | {
      readonly kind: 'push';
      readonly commit: string;
      readonly branch: string;
      readonly pusher: string;
      /** It was pushed before, and may have been pushed back to: nothing is said of it unless it is the head. */
      readonly again?: true;
    }
  | {
      readonly kind: 'comment';
      readonly issue: number;
      readonly comment: number;
      readonly url: string;
      readonly actor: string;
      /** The numeric id of the actor's account. */
      readonly actorId: number;
      readonly body: string;
      readonly onPullRequest: boolean;
      /** When GitHub got the comment, ISO 8601; absent when that is not known. */
      readonly writtenAt?: string;
    }
  /** Text that may hold a command stands where none is read: who wrote it is told so. */
  | {
      readonly kind: 'misplaced';
      readonly place: MisplacedIn;
      /** The number of the description's thread, the review or the comment. */
      readonly id: number;
      /** Where it is told: on an issue or pull request, or on a commit. */
      readonly on: { readonly issue: number } | { readonly commit: string };
      readonly actor: string;
      readonly body: string;
      /** What stood there before an edit; empty when it is new. */
      readonly before: string;
    }
  /** Something about a pull request may have changed. What it is now is asked when the job is worked off. */
  | {
      readonly kind: 'pull';
      readonly number: number;
      /** Judge its head again although it has been judged. */
      readonly again: boolean;
      /** Login of who opened it; absent in journals of earlier versions, and where that account is gone. */
      readonly author?: string;
    }
  /** The time of grace of a project without a file, or of a package that left its project, may be over. */
  | {
      readonly kind: 'take-away';
      readonly project: string;
      /** Absent: all of the project. */
      readonly package?: string;
      readonly deleteAt: string;
    }
  /**
   * Something about what a merge queue would merge has happened. Whether it is still there is asked when worked off.
   */
  | {
      readonly kind: 'group';
      /** The commit that the default branch would become. */
      readonly commit: string;
      /**
       * `checks`: it is there and waits for a check; `ended`: it was merged or given up; `again`: judge it once more.
       */
      readonly what: 'checks' | 'ended' | 'again';
    }
  /** Somebody pressed "Re-run", "Re-run all" or a button of a check run. */
  | {
      readonly kind: 'check';
      readonly commit: string;
      readonly actor: string;
      /** The numeric id of the actor's account. */
      readonly actorId: number;
      /** Address of the check run, for people. */
      readonly url: string;
      readonly wish: CheckWish;
    };

/** Where people write commands that are read in new comments only. */
export type MisplacedIn =
  | 'issue-description'
  | 'pull-description'
  | 'review'
  | 'review-comment'
  | 'commit-comment'
  | 'edited-comment';

/** `externalId` is the key of the check; `all` is the whole check suite of a commit. */
export type CheckWish =
  | { readonly kind: 'rerun'; readonly checkRunId: number; readonly externalId: string }
  | { readonly kind: 'button'; readonly checkRunId: number; readonly externalId: string; readonly button: string }
  | { readonly kind: 'all' };

export interface Delivery {
  readonly id: string;
  readonly job: Job;
}

/** Which comments have been seen for sure; those before the bot's first start are nobody's request. */
export interface CommentCursor {
  /** The last comment before the first start. */
  readonly floor: number;
  /** When the newest comment that was seen was written: ISO 8601 UTC, by GitHub's clock. */
  readonly seenUntil: string;
}

/** The name of the work that a job is, the same however and however often it is heard of. Pure. */
export function workKey(deliveryId: string, job: Job): string {
  switch (job.kind) {
    case 'comment':
      return `comment/${job.comment}`;
    case 'push':
      return `push/${job.commit}`;
    case 'group':
      return job.what === 'checks' ? `group/${job.commit}` : deliveryId;
    case 'misplaced':
      // An edit may put a command where none was.
      return `misplaced/${job.place}/${job.id}/${createHash('sha256').update(job.body).digest('hex').slice(0, 16)}`;
    default:
      return deliveryId;
  }
}

/** The name of the work on a head of a pull request that no webhook has told of. Pure. */
export function foundPullKey(number: number, head: string): string {
  return `pull/${number}/${head}`;
}
