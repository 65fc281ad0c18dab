// Reactions to comments: the first sign that somebody was heard. They are a courtesy, so a failed one is only logged,
// and while many wait the last one of a comment takes the place of those before it.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '@coppice/builder-runner/runner';
import type { Reaction } from '../github/comments.ts';
import type { Github } from '../github/github.ts';
import { RateLimited } from '../github/rate-limit.ts';
import { createTurns, type Waiting } from './turns.ts';

export interface Reactions {
  /** Returns at once. `by`: login of who wrote the comment. */
  react(comment: number, reaction: Reaction, by: string): void;
  /** Resolves when all are made, or after some seconds. */
  settled(): Promise<void>;
}

const settleMilliseconds = 5000;
/** Who floods the bot sees no more of them; the answers come all the same. */
const maximumWaiting = 1000;

type WaitingReaction = Waiting & { readonly reaction: Reaction };

/** One after the other: GitHub wants a second between any two writes, and answers wait in the same line. */
export function createReactions(github: Pick<Github, 'react'>, log: Log): Reactions {
  const turns = createTurns();
  const waiting = new Map<string, WaitingReaction>();
  let arrived = 0;
  let working: Promise<void> | undefined;
  const make = async (comment: number, reaction: Reaction): Promise<void> => {
    try {
      await github.react(comment, reaction);
    } catch (error) {
      if (!(error instanceof RateLimited)) return log('warn', `Comment ${comment} got no reaction`, { error });
      await sleep(Math.max(0, error.until - performance.now()), undefined, { ref: false });
      await make(comment, reaction);
    }
  };
  const makeAll = async () => {
    for (;;) {
      const key = turns.next([...waiting.values()], performance.now())?.key;
      const next = key === undefined ? undefined : waiting.get(key);
      if (key === undefined || next === undefined) return;
      waiting.delete(key);
      await make(Number(key), next.reaction);
    }
  };
  const work = () => {
    working ??= makeAll().finally(() => {
      working = undefined;
      if (waiting.size > 0) work();
    });
  };
  return {
    react(comment, reaction, by) {
      const key = String(comment);
      arrived += 1;
      waiting.set(key, { key, by, isShort: true, at: waiting.get(key)?.at ?? arrived, reaction });
      const [oldest] = waiting.keys();
      if (waiting.size > maximumWaiting && oldest !== undefined) waiting.delete(oldest);
      work();
    },
    settled: async () => {
      const all = async () => {
        while (working !== undefined) await working;
      };
      await Promise.race([all(), sleep(settleMilliseconds, undefined, { ref: false })]);
    },
  };
}
