// A driver that the contract test tries, opened.
import type { BuilderSource } from '../../src/builder/spawn.ts';

export interface OpenCase {
  readonly source: BuilderSource;
  readonly environment?: Readonly<Record<string, string>>;
  /** What a spawn for an architecture that is not offered is answered; undefined: the driver cannot know. */
  readonly refusal?: RegExp;
  /** What is there of builders behind the driver's back; nothing after the last is ended. */
  leftovers(): readonly string[] | Promise<readonly string[]>;
  close(): Promise<void>;
}
