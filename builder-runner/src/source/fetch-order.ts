// The arguments that all ways of fetching a source share.
import type { Buildroot, PinnedSource } from '@coppice/config';
import type { FetchRules } from '../remote/addresses.ts';
import type { SourceCache } from './source-cache.ts';

/** A chroot that is built for, and what a spec is read with in it. */
export interface SpecReader {
  readonly chroot: string;
  readonly buildroot: Pick<Buildroot, 'macros' | 'with' | 'without'>;
  /** Text of the chroot's configuration in the config repo; '' where it has none. */
  readonly config: string;
}

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
  /** The chroots of the build; the source package is made in the first, and may differ for others. */
  readonly readers: readonly SpecReader[];
  /** Whether policy and package let the making of the source package reach the network. */
  readonly network: boolean;
  readonly signal: AbortSignal;
}
