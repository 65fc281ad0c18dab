// Why a plan leaves a chroot of a package out although nobody has to do anything about it: the sentences, and which is
// which. Pure.

import type { ChrootState } from '../words/chroot.ts';

type Quiet = 'unchanged' | 'building' | 'resting';

export const skipReasons = {
  unchanged: (build: number) => `unchanged since build ${build}`,
  building: (build: number) => `already building as ${build}`,
  resting: (chroot: string, state: Exclude<ChrootState, 'active'>) =>
    `${chroot} ${state === 'eol' ? 'has reached its end of life' : 'is inactive'}`,
} as const;

const sentences: readonly (readonly [Quiet, RegExp])[] = [
  ['unchanged', /^unchanged since build \d+$/],
  ['building', /^already building as \d+$/],
  ['resting', /^[a-z0-9._-]+ (?:has reached its end of life|is inactive)$/],
];

/** Which of them `why` is; undefined for all that somebody should look at. */
export function quietReason(why: string): Quiet | undefined {
  return sentences.find(([, pattern]) => pattern.test(why))?.[0];
}
