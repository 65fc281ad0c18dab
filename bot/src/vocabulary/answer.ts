// What the bot tells on GitHub: answers to comments and checks of commits.
import type { ChrootName } from '@coppice/config';
import type { BuildRef } from './build-view.ts';
import type { MisplacedIn } from './job.ts';

/** One part of an answer: what one command came to; `line` is empty where it is about all of a comment. */
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
  /** The number of the comment that asked; else the place and number of text that stands where no command is read. */
  readonly to: number | `${MisplacedIn}/${number}`;
  readonly issue: number;
  /** Given on this commit in place of an issue. */
  readonly commit?: string;
  /** Login of who asked; absent in what earlier versions noted. */
  readonly by?: string;
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
