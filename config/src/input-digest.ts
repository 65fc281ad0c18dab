// The input digest: one hash over everything that decides what a build gives. Equal digests mean: no need to build again.
import { createHash } from 'node:crypto';
import type { PinnedSource } from './source.ts';

export interface BuildInputs {
  readonly source: PinnedSource;
  readonly chroot: string;
  /** The content hash of the site's own `chroots/<chroot>.cfg`, '' when there is none. */
  readonly chrootConfigDigest: string;
  /** In the project's order: dnf asks them in it. */
  readonly repos: readonly string[];
}

/** Raise it when the meaning of an input changes; every package is then built again. */
const digestVersion = 1;

/** SHA-256, 64 hexadecimal digits. Names that move (branches, the config repo's own commit) are not inputs: what they stand for is. */
export function inputDigest({ source, chroot, chrootConfigDigest, repos }: BuildInputs): string {
  const inputs = { version: digestVersion, source: contentOf(source), chroot, chrootConfigDigest, repos };
  return createHash('sha256').update(canonicalJson(inputs)).digest('hex');
}

/** A `dir` source is its tree: a commit that changed other folders gives the same one. */
function contentOf(source: PinnedSource): Record<string, string | null> {
  switch (source.type) {
    case 'dir':
      return { type: 'dir', tree: source.tree, spec: source.spec ?? null };
    case 'git': {
      const { url, commit, subdirectory, spec } = source;
      return { type: 'git', url, commit, subdirectory: subdirectory ?? null, spec: spec ?? null };
    }
    case 'srpm':
      return { type: 'srpm', sha256: source.sha256 };
  }
}

/** JSON with sorted keys and no spaces, for hashing: equal values give equal texts. For plain JSON values only. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, each]) => `${JSON.stringify(key)}:${canonicalJson(each)}`).join(',')}}`;
}
