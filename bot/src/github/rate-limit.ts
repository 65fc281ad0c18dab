// GitHub's limits: once it has said "too much", nothing more is asked until it says that we may.
// https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
import type { Log } from '@coppice/builder-runner/runner';

/** GitHub cannot be asked at present. Nothing was done; the same again after `until` is what helps. */
export class RateLimited extends Error {
  override readonly name = 'RateLimited';
  /** Milliseconds, as performance.now() counts. */
  readonly until: number;

  constructor(until: number, options?: ErrorOptions) {
    super('GitHub takes no requests at present: a rate limit is reached', options);
    this.until = until;
  }
}

/** What GitHub asks for where its secondary limit names no time. */
const secondaryMilliseconds = 60_000;
/** The primary limit is renewed each hour; a header that says more is wrong. */
const longestMilliseconds = 61 * 60_000;

/**
 * How many milliseconds to leave GitHub alone after this error; undefined when it is about something else. `before`:
 * how often in a row that was said already, since a secondary limit that stays asks for longer and longer waits. Pure.
 */
export function limitWait(error: unknown, now: Date, before: number): number | undefined {
  const { status, message, response } = (error ?? {}) as {
    status?: unknown;
    message?: unknown;
    response?: { headers?: Readonly<Record<string, unknown>> };
  };
  if (status !== 403 && status !== 429) return undefined;
  const headers = response?.headers ?? {};
  const bounded = (milliseconds: number) => Math.min(longestMilliseconds, Math.max(1000, milliseconds));
  const seconds = numberIn(headers['retry-after']);
  if (seconds !== undefined) return bounded(seconds * 1000);
  const reset = numberIn(headers['x-ratelimit-reset']);
  if (numberIn(headers['x-ratelimit-remaining']) === 0 && reset !== undefined) {
    // Both by GitHub's own clock; one second more, since it counts whole ones.
    const there = Date.parse(String(headers.date));
    return bounded(reset * 1000 - (Number.isNaN(there) ? now.getTime() : there) + 1000);
  }
  if (status === 429 || /rate limit|abuse detection/i.test(String(message)))
    return bounded(secondaryMilliseconds * 2 ** before);
  return undefined;
}

function numberIn(header: unknown): number | undefined {
  const text = String(header ?? '');
  return /^\d+$/.test(text) ? Number(text) : undefined;
}

export interface RateGate {
  /**
   * Makes a request unless GitHub wants none. Rejects with RateLimited then, and when this one is what was too much.
   */
  pass<T>(request: () => Promise<T>): Promise<T>;
}

export function createRateGate(now: () => Date, log: Log): RateGate {
  let closedUntil = Number.NEGATIVE_INFINITY;
  let inARow = 0;
  return {
    async pass(request) {
      if (performance.now() < closedUntil) throw new RateLimited(closedUntil);
      try {
        const answer = await request();
        inARow = 0;
        return answer;
      } catch (error) {
        const wait = limitWait(error, now(), inARow);
        if (wait === undefined) throw error;
        // Others that were under way hear the same; that is one limit, not several.
        if (performance.now() >= closedUntil) {
          inARow += 1;
          log('warn', `GitHub's rate limit is reached; nothing is asked of it for ${Math.ceil(wait / 1000)} s`);
        }
        closedUntil = Math.max(closedUntil, performance.now() + wait);
        throw new RateLimited(closedUntil, { cause: error });
      }
    },
  };
}
