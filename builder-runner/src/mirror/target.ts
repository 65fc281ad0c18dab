// What a mirror is to the passes that keep it in step: a place that takes files and lets them go. There are two, over
// SSH and in S3.
import type { Listed } from './ledger.ts';

export interface MirrorTarget {
  /** What people call it; never with a secret. */
  readonly name: string;
  /**
   * Whether it has links: then one of them shows a generation. Otherwise the index and its signature are copies.
   */
  readonly hasLinks: boolean;
  /**
   * Sends the files at `paths` in `root`, in no order, whole or not at all, and calls `done` with each that is there.
   * What is not here any more is left out. Throws MirrorError.
   */
  send(root: string, paths: readonly string[], signal: AbortSignal, done: (path: string) => void): Promise<void>;
  /** Removes files that may be missing there. Throws MirrorError. */
  remove(paths: readonly string[], signal: AbortSignal): Promise<void>;
  /** Removes what is at `path`, whatever it is. Throws MirrorError. */
  removeAll(path: string, signal: AbortSignal): Promise<void>;
  /** What it has, some at a time. Throws MirrorError. */
  list(signal: AbortSignal): AsyncIterable<readonly Listed[]>;
  /** Writes a small file and removes it. Throws MirrorError. */
  probe(signal: AbortSignal): Promise<void>;
}

/** The mirror, or the way there, fails. The message says what is wrong and what to do. */
export class MirrorError extends Error {
  override readonly name = 'MirrorError';
}

/** What `probe` writes. */
export const probeName = '.coppice-probe';
