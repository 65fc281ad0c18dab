// Whose turn it is when many wait and only one goes at a time: nobody waits for a crowd, and nobody for ever. Pure but
// for the memory of who had a turn.

/** Something that somebody waits for. */
export interface Waiting {
  readonly key: string;
  /** Login of who waits. */
  readonly by: string;
  /** It says all at once: `/status`, a refusal, a reaction. Others tell of builds that go on for long. */
  readonly isShort: boolean;
  /** The order in which they came, ascending. */
  readonly at: number;
}

export interface Turns {
  /** The next of those that wait, whose turn this is then; undefined when none waits. `now`: milliseconds. */
  next(waiting: readonly Waiting[], now: number): Waiting | undefined;
}

/**
 * The three take turns: the newest short one of who had the fewest turns lately, the newest one of such a person, and
 * the oldest of all. One that goes in one kind of turn is gone for the others.
 */
const lanes = ['short', 'newest', 'oldest'] as const;
type Lane = (typeof lanes)[number];

/** How long a turn counts against who had it. */
export const rememberedMilliseconds = 60_000;

/**
 * A person without a turn in the last minute waits for this many turns at most for the newest thing they asked for,
 * however many wait, unless newer ones of other such persons come meanwhile.
 */
export const longestWaitInTurns = lanes.length;

export function createTurns(): Turns {
  let served: readonly { readonly by: string; readonly at: number }[] = [];
  let lane = 0;
  return {
    next(waiting, now) {
      served = served.filter(({ at }) => now - at < rememberedMilliseconds);
      const counts = new Map<string, number>();
      for (const { by } of served) counts.set(by, (counts.get(by) ?? 0) + 1);
      for (let tried = 0; tried < lanes.length; tried += 1) {
        const found = pick(waiting, lanes[lane] ?? 'oldest', counts);
        lane = (lane + 1) % lanes.length;
        if (found === undefined) continue;
        served = [...served, { by: found.by, at: now }];
        return found;
      }
      return undefined;
    },
  };
}

function pick(waiting: readonly Waiting[], lane: Lane, counts: ReadonlyMap<string, number>): Waiting | undefined {
  const turnsOf = ({ by }: Waiting) => counts.get(by) ?? 0;
  if (lane === 'oldest') return best(waiting, (one, other) => one.at < other.at);
  const some = lane === 'short' ? waiting.filter(({ isShort }) => isShort) : waiting;
  return best(some, (one, other) =>
    turnsOf(one) === turnsOf(other) ? one.at > other.at : turnsOf(one) < turnsOf(other),
  );
}

function best(waiting: readonly Waiting[], isBefore: (one: Waiting, other: Waiting) => boolean): Waiting | undefined {
  return waiting.reduce<Waiting | undefined>(
    (found, one) => (found === undefined || isBefore(one, found) ? one : found),
    undefined,
  );
}
