// Builds of one batch may stand in the wrong order: one that misses what another of them is yet to make is put off, and tried again when
// one of them has succeeded, as `mock --chain --recurse` does. A chroot that was put off is pending and has a reason. Pure.
import { type BuildId, type ChrootName, isFinal, type QueuedBuild, type QueuedChroot } from '@coppice/config';
import type { Builds } from './task.ts';

/** True for a chroot that waits for another build of its batch to succeed. */
export function isPostponed({ state, reason, skipBecause }: QueuedChroot): boolean {
  return state === 'pending' && reason !== null && skipBecause === null;
}

/**
 * True when a build of the same batch and project, other than `build`, may still succeed for this chroot by itself: it has not ended, was
 * not put off, and needs none that was.
 */
export function othersMayHelp(builds: Builds, build: QueuedBuild, chroot: ChrootName): boolean {
  const stuck = new Set<BuildId>([build.id]);
  // Builds need only such with lower numbers, and the map is in the order of numbers.
  for (const other of builds.values()) {
    const there = other.chroots.find((each) => each.chroot === chroot);
    if (there === undefined || isFinal(there.state) || other.id === build.id) continue;
    if (isPostponed(there) || isOver(there) || other.after.some((id) => stuck.has(id))) stuck.add(other.id);
    else if (isSameBatch(build, other)) return true;
  }
  return false;
}

function isOver({ cancelRequestedBy, skipBecause }: QueuedChroot): boolean {
  return cancelRequestedBy !== null || skipBecause !== null;
}

/** True for builds that were asked for together and see each other's packages. */
export function isSameBatch(one: QueuedBuild, other: QueuedBuild): boolean {
  return one.batch === other.batch && one.owner === other.owner && one.project === other.project;
}
