// Faults of the queue's machinery: one error class, a closed list of codes, always with what to do next.

/**
 * - `locked`: another process writes in this folder
 * - `corrupt`: a file of the store cannot be what we wrote
 * - `full`: the disk is full; nothing was changed, try again when there is room
 * - `io`: the disk or the system failed otherwise
 * - `closed`: the store was closed before
 * - `unknown`: no such build or chroot is in the queue
 * - `conflict`: the build or chroot is not in a state in which this can be done
 * - `invalid`: a request that cannot be queued
 */
export const queueErrorCodes = ['locked', 'corrupt', 'full', 'io', 'closed', 'unknown', 'conflict', 'invalid'] as const;
export type QueueErrorCode = (typeof queueErrorCodes)[number];

/** What the queue and the journaled store throw, and nothing else. */
export class QueueError extends Error {
  readonly code: QueueErrorCode;

  constructor(code: QueueErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = 'QueueError';
    this.code = code;
  }
}

const noRoom: ReadonlySet<string | undefined> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/** A failed system call as a QueueError: `full` when there is no room, otherwise `io`. A QueueError stays itself. */
export function toQueueError(cause: unknown, doing: string): QueueError {
  if (cause instanceof QueueError) return cause;
  const code = (cause as NodeJS.ErrnoException | null)?.code;
  if (noRoom.has(code)) {
    return new QueueError('full', `${doing}: the disk is full. Nothing was changed; make room and try again.`, {
      cause,
    });
  }
  const text = cause instanceof Error ? cause.message : String(cause);
  return new QueueError('io', `${doing}: ${text}`, { cause });
}
