// Reactions to comments: the first sign that somebody was heard. They are a courtesy, so a failed one is only logged.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '@coppice/builder-runner/runner';
import type { Reaction } from '../github/comments.ts';
import type { Github } from '../github/github.ts';
import { RateLimited } from '../github/rate-limit.ts';

export interface Reactions {
  /** Returns at once. */
  react(comment: number, reaction: Reaction): void;
  /** Resolves when all are made, or after some seconds. */
  settled(): Promise<void>;
}

const settleMilliseconds = 5000;

export function createReactions(github: Github, log: Log): Reactions {
  const underWay = new Set<Promise<void>>();
  const make = async (comment: number, reaction: Reaction): Promise<void> => {
    try {
      await github.react(comment, reaction);
    } catch (error) {
      if (!(error instanceof RateLimited)) throw error;
      await sleep(Math.max(0, error.until - performance.now()), undefined, { ref: false });
      await make(comment, reaction);
    }
  };
  return {
    react(comment, reaction) {
      const reacting = make(comment, reaction).catch((error: unknown) =>
        log('warn', `Comment ${comment} got no reaction`, { error }),
      );
      underWay.add(reacting);
      void reacting.then(() => underWay.delete(reacting));
    },
    settled: () =>
      Promise.race([Promise.all(underWay), sleep(settleMilliseconds, undefined, { ref: false })]).then(() => undefined),
  };
}
