// The check that takes the place of a run which nothing is built for: every run that GitHub began anew must end. Pure.
import type { Check } from '../vocabulary/answer.ts';
import type { Handled } from '../vocabulary/bot-state.ts';
import type { Over } from './say.ts';

/** A check run that somebody pressed a button on. */
export interface Run {
  readonly id: number;
  /** GitHub shows it as queued until it is told otherwise; else it shows its last end. */
  readonly begunAnew: boolean;
}

/** `key`: an external id that buttons on it are read from later. */
export function overCheck(key: string, commit: string, run: Run | null, over: Over): Check {
  return {
    ...{ kind: 'config', key, commit, checkRunId: run?.id ?? null, good: true, conclusion: 'neutral' },
    ...{ ...over, annotations: [], sentAnnotations: 0 },
  };
}

/**
 * Lets the first check go on in the run that GitHub began anew, when it tells of the same commit. Undefined when none
 * does: the run is still to be ended.
 */
export function goOnIn(run: Run | null, commit: string, handled: Handled): Handled | undefined {
  const [first, ...others] = handled.checks;
  if (first?.commit !== commit) return undefined;
  return run?.begunAnew === true ? { ...handled, checks: [{ ...first, checkRunId: run.id }, ...others] } : handled;
}
