// How long the chroots of a build that goes on may take: by what the last good builds of its package took there.
import { isFinal } from '@coppice/config';
import type { Build } from '../model/site-model.ts';
import type { History } from './history.ts';

const lastGood = 5;

/** By chroot, seconds; without those that have ended, and those that were never built with success. */
export function expectedSeconds(history: History, build: Build): ReadonlyMap<string, number> {
  const expected = new Map<string, number>();
  for (const { chroot, state } of isFinal(build.state) ? [] : build.chroots) {
    if (isFinal(state)) continue;
    const of = { project: `${build.owner}/${build.project}`, package: build.package, chroot };
    const median = medianOf(history.secondsOfGoodRuns(of, build.id, lastGood));
    if (median !== undefined) expected.set(chroot, median);
  }
  return expected;
}

function medianOf(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.floor((sorted.length - 1) / 2)];
}
