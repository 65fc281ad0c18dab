// The arguments that all ways of fetching a source share.
import type { PinnedSource } from '@coppice/config';
import type { FetchRules } from '../remote/addresses.ts';
import type { SourceCache } from './source-cache.ts';

export interface FetchOrder {
  readonly source: PinnedSource;
  /** Absolute path of the bare mirror of the config repo. */
  readonly configRepository: string;
  /** Empty folder that gets the sources. */
  readonly folder: string;
  readonly cache: SourceCache;
  readonly rules: FetchRules;
  /** Upper bound of all sources together. */
  readonly sourceBytes: number;
  /** For each server that is asked. */
  readonly seconds: number;
  /** The chroot whose macros the spec is read with. */
  readonly chroot: string;
  /** Whether policy and package let the making of the source package reach the network. */
  readonly network: boolean;
  readonly signal: AbortSignal;
}
