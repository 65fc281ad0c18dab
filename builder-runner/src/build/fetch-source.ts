// A pinned source → a folder of this machine with the spec and its sources, or a ready source package. The other end is hostile.
import type { PinnedSource, Settings } from '@coppice/config';
import { downloadSrpm } from './download-srpm.ts';
import { fetchFromConfigRepo, fetchFromGit } from './fetch-git.ts';
import type { Outcome } from './outcome.ts';

export interface FetchOrder {
  readonly source: PinnedSource;
  /** Absolute path of the bare mirror of the config repo. */
  readonly configRepository: string;
  /** Empty folder that gets the sources. */
  readonly folder: string;
  readonly sourceBytes: number;
  readonly seconds: number;
  readonly git: Settings['git'];
  readonly signal: AbortSignal;
}

export type FetchedSource =
  | { readonly kind: 'folder'; readonly folder: string; readonly spec: string | undefined }
  /** File name in the order's folder. */
  | { readonly kind: 'srpm'; readonly file: string };

/** Fetches; everything that the source does wrong is a failure with reason `source` and one sentence. */
export async function fetchSource(order: FetchOrder): Promise<Outcome<FetchedSource>> {
  const { source } = order;
  switch (source.type) {
    case 'dir':
      return fetchFromConfigRepo(order, source);
    case 'git':
      return fetchFromGit(order, source);
    case 'srpm':
      return downloadSrpm(order, source);
  }
}
