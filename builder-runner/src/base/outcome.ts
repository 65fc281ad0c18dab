// How a step of a build ends: with a value, or with a failure that belongs in the build's result.
import type { FailureReason, Result } from '@coppice/config';

/** Why a build failed, as people read it. `excerpt` holds hostile lines of a log. */
export interface Failure {
  readonly reason: FailureReason;
  /** One sentence. */
  readonly message: string;
  readonly excerpt: readonly string[];
  /** The log and the line of it, from 1, to open; null when no log says more. */
  readonly where: Result['where'];
}

export type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: Failure };

export function succeed<T>(value: T): Outcome<T> {
  return { ok: true, value };
}

export function fail(
  reason: FailureReason,
  message: string,
  excerpt: readonly string[] = [],
  where: Failure['where'] = null,
): { readonly ok: false; readonly failure: Failure } {
  return { ok: false, failure: { reason, message, excerpt, where } };
}
