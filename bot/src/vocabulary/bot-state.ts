// What the bot must not forget: deliveries it has accepted, commits it has handled, answers and checks that are not final yet.
import type { ChrootName } from '@coppice/config';
import type { BuildRef } from './build-view.ts';
import { applyToPetitions, noPetitions, type PetitionOperation, type Petitions } from './petitions.ts';

/** GitHub's delivery ids that are remembered; the oldest are forgotten first. */
export const rememberedDeliveries = 10_000;

/** What of a webhook is needed to work it off later. */
export type Job =
  | { readonly kind: 'push'; readonly commit: string; readonly branch: string; readonly pusher: string }
  | {
      readonly kind: 'comment';
      readonly issue: number;
      readonly comment: number;
      readonly url: string;
      readonly actor: string;
      readonly body: string;
      readonly onPullRequest: boolean;
      /** When GitHub got the comment, ISO 8601; absent when that is not known. */
      readonly writtenAt?: string;
    }
  /** Something about a pull request may have changed. What it is now is asked when the job is worked off. */
  | {
      readonly kind: 'pull';
      readonly number: number;
      /** Judge its head again although it has been judged. */
      readonly again: boolean;
    }
  /** Somebody pressed "Re-run", "Re-run all" or a button of a check run. */
  | {
      readonly kind: 'check';
      readonly commit: string;
      readonly actor: string;
      /** Address of the check run, for people. */
      readonly url: string;
      readonly wish: CheckWish;
    };

/** `externalId` is the key of the check; `all` is the whole check suite of a commit. */
export type CheckWish =
  | { readonly kind: 'rerun'; readonly checkRunId: number; readonly externalId: string }
  | { readonly kind: 'button'; readonly checkRunId: number; readonly externalId: string; readonly button: string }
  | { readonly kind: 'all' };

export interface Delivery {
  readonly id: string;
  readonly job: Job;
}

/** One part of an answer: what one command came to. */
export type Section =
  | { readonly kind: 'text'; readonly line: string; readonly good: boolean; readonly markdown: string }
  | {
      readonly kind: 'builds';
      readonly line: string;
      readonly builds: readonly BuildRef[];
      /** Said before the table, Markdown. */
      readonly intro: string;
      /** Said after it, Markdown; empty when there is nothing. */
      readonly notes: string;
      /** To be canceled is the good end of these. */
      readonly canceling: boolean;
    }
  /** How a debug session is. */
  | { readonly kind: 'debug'; readonly line: string; readonly session: number };

/** The one comment that answers another; kept until its last state has been delivered. */
export interface Answer {
  /** The number of the comment that asked. */
  readonly to: number;
  readonly issue: number;
  readonly sections: readonly Section[];
  /** The number of the answer, null until GitHub has given one. */
  commentId: number | null;
}

export interface CheckAnnotation {
  readonly path: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
  /** Default: failure. */
  readonly level?: 'warning';
}

/** A check run; kept until its last state has been delivered. */
export type Check = {
  /** Unique and the same after a restart; GitHub's external_id. */
  readonly key: string;
  readonly commit: string;
  checkRunId: number | null;
} & (
  | {
      readonly kind: 'build';
      readonly build: BuildRef;
      readonly chroot: ChrootName;
      /** Said first in its summary, Markdown. */
      readonly note?: string;
    }
  | {
      readonly kind: 'config';
      readonly good: boolean;
      /** In place of `success` or `failure`. */
      readonly conclusion?: 'neutral' | 'action_required';
      readonly title: string;
      readonly summary: string;
      readonly annotations: readonly CheckAnnotation[];
      /** How many annotations GitHub has. */
      sentAnnotations: number;
    }
);

/** Who let a head of a pull request be built. Whether that login may is asked anew each time. */
export interface Approval {
  readonly sha: string;
  readonly by: string;
}

/** What the bot knows of a pull request; kept after its end until its sandboxes are gone. */
export interface KnownPull {
  readonly number: number;
  /** Login of the one who opened it. */
  readonly author: string;
  /** The head that was judged last. */
  readonly head: string;
  /** When the bot saw that head first, ISO 8601 UTC. */
  readonly headSeenAt: string;
  /** `owner/name` of every project that it changes at that head, sorted. */
  readonly touched: readonly string[];
  /** It makes a project, or changes the policy or the chroots: only an admin may let it be built. */
  readonly needsAdmin: boolean;
  /** Of that head. */
  readonly approvals: readonly Approval[];
  /** ISO 8601 UTC; null while it is open. */
  readonly closedAt: string | null;
}

/** Which comments have been seen for sure; those before the bot's first start are nobody's request. */
export interface CommentCursor {
  /** The last comment before the first start. */
  readonly floor: number;
  /** When the newest comment that was seen was written: ISO 8601 UTC, by GitHub's clock. */
  readonly seenUntil: string;
}

export interface BotState {
  /** What was accepted, as workKey names it, oldest first. */
  deliveries: string[];
  /** Accepted but not worked off, oldest first. */
  inbox: Delivery[];
  /** The last commit of the default branch that was looked at. */
  handledCommit: string | null;
  /** The last one without problems: the config in force. */
  goodCommit: string | null;
  answers: Answer[];
  checks: Check[];
  /** In the order in which they were first seen. */
  pulls: KnownPull[];
  /** How far comments were looked through; null before the first time. */
  comments: CommentCursor | null;
  petitions: Petitions;
}

export type BotOperation =
  | { readonly op: 'noted'; readonly delivery: Delivery }
  | {
      readonly op: 'handled';
      readonly id: string;
      readonly answer?: Answer;
      readonly checks: readonly Check[];
      readonly handledCommit?: string;
      readonly goodCommit?: string;
      /** Takes the place of what was known of these. */
      readonly pulls?: readonly KnownPull[];
      readonly petitions?: readonly PetitionOperation[];
    }
  | { readonly op: 'forgotten'; readonly pull: number }
  | { readonly op: 'looked'; readonly comments: CommentCursor }
  | { readonly op: 'commented'; readonly to: number; readonly commentId: number }
  | { readonly op: 'answered'; readonly to: number }
  | { readonly op: 'checked'; readonly key: string; readonly checkRunId: number; readonly sentAnnotations: number }
  | { readonly op: 'concluded'; readonly key: string };

export function initialBotState(): BotState {
  return {
    deliveries: [],
    inbox: [],
    handledCommit: null,
    goodCommit: null,
    answers: [],
    checks: [],
    pulls: [],
    comments: null,
    petitions: noPetitions,
  };
}

/** Changes `state` in place. An operation on something that is gone changes nothing. */
export function applyToBotState(state: BotState, operation: BotOperation): void {
  switch (operation.op) {
    case 'noted':
      state.deliveries.push(operation.delivery.id);
      if (state.deliveries.length > rememberedDeliveries) state.deliveries.shift();
      state.inbox.push(operation.delivery);
      return;
    case 'handled':
      applyHandled(state, operation);
      return;
    case 'commented': {
      const answer = state.answers.find(({ to }) => to === operation.to);
      if (answer !== undefined) answer.commentId = operation.commentId;
      return;
    }
    case 'answered':
      state.answers = state.answers.filter(({ to }) => to !== operation.to);
      return;
    case 'checked': {
      const check = state.checks.find(({ key }) => key === operation.key);
      if (check === undefined) return;
      check.checkRunId = operation.checkRunId;
      if (check.kind === 'config') check.sentAnnotations = operation.sentAnnotations;
      return;
    }
    case 'concluded':
      state.checks = state.checks.filter(({ key }) => key !== operation.key);
      return;
    case 'looked':
      state.comments = operation.comments;
      return;
    case 'forgotten':
      state.pulls = state.pulls.filter(({ number }) => number !== operation.pull);
      return;
  }
}

function applyHandled(state: BotState, operation: Extract<BotOperation, { op: 'handled' }>): void {
  const { id, answer, checks, handledCommit, goodCommit } = operation;
  state.inbox = state.inbox.filter((delivery) => delivery.id !== id);
  // Copies: operations are also lines of the journal and stay as they were.
  if (answer !== undefined && !state.answers.some(({ to }) => to === answer.to)) state.answers.push({ ...answer });
  for (const check of checks) if (!state.checks.some(({ key }) => key === check.key)) state.checks.push({ ...check });
  state.petitions = (operation.petitions ?? []).reduce(applyToPetitions, state.petitions);
  if (handledCommit !== undefined) state.handledCommit = handledCommit;
  if (goodCommit !== undefined) state.goodCommit = goodCommit;
  for (const pull of operation.pulls ?? []) {
    const at = state.pulls.findIndex(({ number }) => number === pull.number);
    if (at === -1) state.pulls.push(pull);
    else state.pulls[at] = pull;
  }
}
