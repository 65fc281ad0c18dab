// A pool whose builders cannot be made is left alone for a while, then tried with one builder. Pure: the state goes in
// and out.

export interface BreakerSettings {
  /** It opens after this many failures in a row. */
  readonly failures: number;
  readonly pauseSeconds: number;
}

/** Times in milliseconds since 1970. */
export interface Breaker {
  /** In a row, also while it is open. */
  readonly failures: number;
  /** When the last failure was. */
  readonly failedAt: number;
  /** Since when it is open; null: closed. */
  readonly openSince: number | null;
  /** How often it was opened, or opened again by a probe, since it was last closed. */
  readonly openings: number;
  /** When it may be probed. */
  readonly probeAt: number;
  /** The last failure in words. */
  readonly message: string;
  /** Nothing is made ahead before: the disk of the control host was full. */
  readonly roomAt: number;
}

export const closedBreaker: Breaker = {
  failures: 0,
  failedAt: 0,
  openSince: null,
  openings: 0,
  probeAt: 0,
  message: '',
  roomAt: 0,
};

const longestPauseSeconds = 3600;

/** After one more failure. A failed probe doubles the pause; what was begun before it opened and fails only counts. */
export function afterFailure(
  breaker: Breaker,
  failure: { readonly isProbe: boolean; readonly message: string },
  settings: BreakerSettings,
  now: number,
): Breaker {
  const failed = { ...breaker, failures: breaker.failures + 1, failedAt: now, message: failure.message };
  const opens = breaker.openSince === null ? failed.failures >= settings.failures : failure.isProbe;
  if (!opens) return failed;
  const seconds = Math.min(settings.pauseSeconds * 2 ** breaker.openings, longestPauseSeconds);
  return {
    ...failed,
    openSince: breaker.openSince ?? now,
    openings: breaker.openings + 1,
    probeAt: now + seconds * 1000,
  };
}

/** So long nothing is made after the disk of the control host was full. */
export const roomPauseMilliseconds = 5000;

/**
 * After a failure for want of room on the control host: it says nothing of the pool, which opens no more and no longer
 * for it, and is tried again a moment later.
 */
export function afterFullDisk(breaker: Breaker, now: number): Breaker {
  const again = now + roomPauseMilliseconds;
  return { ...breaker, roomAt: again, probeAt: breaker.openSince === null ? breaker.probeAt : again };
}

/** `closed`: make what is needed; `open`: nothing; `probe`: one. */
export function gateOf(breaker: Breaker, now: number): 'closed' | 'open' | 'probe' {
  if (breaker.openSince === null) return 'closed';
  return now >= breaker.probeAt ? 'probe' : 'open';
}

/** How long to wait after so many failures of the same thing, in milliseconds: 1 s, 5 s, 25 s, then a minute. */
export function retryPause(failures: number): number {
  return failures === 0 ? 0 : Math.min(5 ** (failures - 1), 60) * 1000;
}
