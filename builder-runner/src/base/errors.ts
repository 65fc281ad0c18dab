// Faults of the machinery around a build. A mistake in a package is never one of these: it is a `Failure` (outcome.ts).

/** Where the machinery failed. The list is closed: callers switch over it. */
export const runnerErrorCodes = [
  /** A program that the control host needs is missing. */
  'tool-missing',
  /** The sandbox for specs cannot be set up. */
  'sandbox',
  /** The driver's spawn, terminate or list playbook failed. */
  'spawn',
  'terminate',
  'list',
  /** An instance came up and cannot be reached over SSH. */
  'unreachable',
  /** The role `builder` failed on an instance. */
  'provision',
  /** No pool has such builders, or none could be made after several tries. */
  'no-builder',
  /** No SSH connection. */
  'connect',
  /** The builder shows another host key than the one that its spawn playbook wrote down. */
  'host-key',
  /** A builder went away in the middle of a build. */
  'lost',
  /** A builder did something that no healthy one does. */
  'builder',
  'collect',
  'keys',
  'sign',
  'metadata',
  'publish',
] as const;
export type RunnerErrorCode = (typeof runnerErrorCodes)[number];

/** A fault of the machinery: an infrastructure failure, tried again on another builder where one was involved. */
export class RunnerError extends Error {
  override readonly name = 'RunnerError';
  readonly code: RunnerErrorCode;

  constructor(code: RunnerErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

const builderFaults: ReadonlySet<RunnerErrorCode> = new Set([
  'spawn',
  'unreachable',
  'provision',
  'connect',
  'host-key',
  'lost',
  'builder',
  'collect',
]);

/** True when another builder may do better. */
export function isBuilderFault(error: unknown): boolean {
  return error instanceof RunnerError && builderFaults.has(error.code);
}

/**
 * True when a second try may do better: on another builder, of a program that may have met a full disk without
 * saying so, or of what the file system refused.
 */
export function isWorthAnotherTry(error: unknown): boolean {
  if (error instanceof RunnerError)
    return isBuilderFault(error) || error.code === 'metadata' || error.code === 'publish';
  return error instanceof Error && 'syscall' in error && 'code' in error;
}

const fullDisk = /\bno space left on device\b|\bdisk quota exceeded\b/i;
const saidByBuilder: ReadonlySet<RunnerErrorCode> = new Set([
  'unreachable',
  'provision',
  'connect',
  'host-key',
  'lost',
  'builder',
]);

/**
 * True when the control host has no room left: nothing is wrong with the build or its builder, and it may go on when
 * there is room.
 */
export function isDiskFull(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT') return true;
  if (error instanceof RunnerError && saidByBuilder.has(error.code)) return false;
  return fullDisk.test(error.message) || isDiskFull(error.cause);
}

/** The text of anything that was thrown, in one line, for logs and results. */
export function describeError(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/\s+/g, ' ').trim().slice(0, 500);
}
