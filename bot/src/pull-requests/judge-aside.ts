// Judges heads of people without rights aside: all else is worked off meanwhile. Of each of these people one head is
// judged at a time, so that nobody waits for all that somebody opened.
import { NotYet } from '../vocabulary/not-yet.ts';
import type { HeadReader } from './read-head.ts';

export interface AsideJudge {
  /**
   * Answers what `login` asks for in one piece of work. A question that is new begins to be judged and throws NotYet;
   * asked again after that, it has its answer.
   */
  readerFor(login: string, batch: string): HeadReader;
  /** This delivery has been worked off, or given up: its answers are not needed any more. */
  forget(delivery: string): void;
}

/** An answer, or what was thrown in its place; undefined while it is being judged. */
interface Asked {
  readonly ready: Promise<unknown>;
  answer: PromiseSettledResult<unknown> | undefined;
}

/** `judge` is asked by nobody else: whoever is in a hurry does not wait for it. */
export function createAsideJudge(judge: HeadReader): AsideJudge {
  const asked = new Map<string, Map<string, Asked>>();
  const lastOf = new Map<string, Promise<unknown>>();

  const begin = (login: string, work: () => Promise<unknown>): Asked => {
    const before = lastOf.get(login) ?? Promise.resolve();
    const ended = before.then(async () => {
      [one.answer] = await Promise.allSettled([work()]);
      if (lastOf.get(login) === ended) lastOf.delete(login);
    });
    const one: Asked = { ready: ended, answer: undefined };
    lastOf.set(login, ended);
    return one;
  };
  return {
    readerFor(login, batch) {
      const answers = asked.get(batch) ?? new Map<string, Asked>();
      asked.set(batch, answers);
      const ask = async <T>(key: unknown, work: () => Promise<T>): Promise<T> => {
        const text = JSON.stringify(key);
        const one = answers.get(text) ?? begin(login.toLowerCase(), work);
        answers.set(text, one);
        if (one.answer === undefined) throw new NotYet(one.ready);
        if (one.answer.status === 'rejected') throw one.answer.reason;
        return one.answer.value as T;
      };
      return {
        examine: (place, background) => ask(['examine', place], () => judge.examine(place, background)),
        plan(place, wish) {
          // What was built meanwhile is no other question: else it would never be answered while builds end.
          const { selections, force, leavesUnbuilt, lookUp } = wish;
          return ask(['plan', place, selections, force, leavesUnbuilt, lookUp], () => judge.plan(place, wish));
        },
      };
    },
    forget(delivery) {
      for (const batch of asked.keys()) {
        if (batch === delivery || batch.startsWith(`${delivery}/`)) asked.delete(batch);
      }
    },
  };
}
