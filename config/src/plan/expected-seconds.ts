// How long a plan will take, from how long its builds took before.
import type { PlannedBuild } from './plan.ts';

/**
 * Seconds of the longest chain of builds that wait for each other, as if there were builders for all chroots at once. A
 * chroot without history counts as the average of those with one; null when none has.
 */
export function longestChain(builds: readonly PlannedBuild[]): number | null {
  const known = builds.flatMap(({ chroots }) => chroots.flatMap(({ expectedSeconds }) => expectedSeconds ?? []));
  if (known.length === 0) return null;
  const average = known.reduce((sum, seconds) => sum + seconds, 0) / known.length;
  const ends: number[] = [];
  let longest = 0;
  for (const { chroots, after } of builds) {
    let start = 0;
    for (const index of after) start = Math.max(start, ends[index] ?? 0);
    let own = 0;
    for (const { expectedSeconds } of chroots) own = Math.max(own, expectedSeconds ?? average);
    ends.push(start + own);
    longest = Math.max(longest, start + own);
  }
  return Math.round(longest);
}
