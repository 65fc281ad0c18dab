// The tasks of one build: its SRPM before its chroots, the builds that it needs before those, and closing what was
// canceled. Pure.
import {
  type BuildId,
  type ChrootName,
  type FailureReason,
  isFinal,
  type QueuedBuild,
  type QueuedChroot,
} from '@coppice/config';
/** What a worker gets to do. */
export type Task =
  | { readonly kind: 'srpm'; readonly build: QueuedBuild }
  | { readonly kind: 'chroot'; readonly build: QueuedBuild; readonly chroot: QueuedChroot }
  /** Nothing is to be built any more: write the result, then `finish` with this state and message. */
  | {
      readonly kind: 'close';
      readonly build: QueuedBuild;
      readonly chroot: QueuedChroot;
      readonly state: 'canceled' | 'skipped' | 'failed';
      /** Of what failed. */
      readonly reason: FailureReason | null;
      readonly message: string;
    };

export type Builds = ReadonlyMap<BuildId, QueuedBuild>;

/** Where a task of a build waits: tasks of one lane are held up by the same limits. */
export type LaneName = 'close' | 'srpm' | ChrootName;

/** The lanes in which a build may have a task; `taskIn` says whether it has one. */
export function lanesOf(build: QueuedBuild): readonly LaneName[] {
  if (build.srpmState === 'running') return [];
  const pending = build.chroots.filter(({ state }) => state === 'pending');
  const going = pending.filter((chroot) => !endsUntried(chroot));
  const lanes: LaneName[] = going.length < pending.length ? ['close'] : [];
  if (build.srpmState !== 'succeeded') return going.length > 0 ? [...lanes, 'srpm'] : lanes;
  return [...lanes, ...going.filter((each) => !isPostponed(each)).map(({ chroot }) => chroot)];
}

/**
 * The build's first task in this lane, or undefined. While a worker makes the SRPM, the build is that worker's alone:
 * it sees a cancellation itself. The SRPM needs none of the builds in `after`; a chroot needs those that are in the
 * queue and have the same chroot.
 */
export function taskIn(lane: LaneName, build: QueuedBuild, builds: Builds): Task | undefined {
  if (!lanesOf(build).includes(lane)) return undefined;
  if (lane === 'srpm') return { kind: 'srpm', build };
  const pending = build.chroots.filter(({ state }) => state === 'pending');
  if (lane === 'close') return pending.filter(endsUntried).map((chroot) => closeTask(build, chroot))[0];
  const chroot = pending.find((each) => each.chroot === lane);
  if (chroot === undefined || !build.after.every((id) => hasSucceeded(builds.get(id), chroot))) return undefined;
  return { kind: 'chroot', build, chroot };
}

function endsUntried({ cancelRequestedBy, skipBecause }: QueuedChroot): boolean {
  return cancelRequestedBy !== null || skipBecause !== null;
}

function closeTask(build: QueuedBuild, chroot: QueuedChroot): Task {
  const { skipBecause, reason } = chroot;
  const task = { kind: 'close', build, chroot, reason: null } as const;
  const canceled = whyCanceled(chroot);
  if (canceled !== null) return { ...task, state: 'canceled', message: canceled };
  const message = skipBecause ?? '';
  return reason === null ? { ...task, state: 'skipped', message } : { ...task, state: 'failed', reason, message };
}

/** Why a chroot is to end: what happened, or who asked for it; null while nobody has. */
export function whyCanceled({
  cancelRequestedBy,
  cancelBecause,
}: Pick<QueuedChroot, 'cancelRequestedBy' | 'cancelBecause'>): string | null {
  return cancelRequestedBy === null ? null : (cancelBecause ?? `Canceled by ${cancelRequestedBy}.`);
}

/** A needed build that has left the queue, or never had this chroot, blocks nothing. */
function hasSucceeded(needed: QueuedBuild | undefined, { chroot }: QueuedChroot): boolean {
  const there = needed?.chroots.find((each) => each.chroot === chroot);
  return there === undefined || (isFinal(there.state) && there.state === 'succeeded');
}

/** True for a chroot that waits for another build of its batch to succeed. */
export function isPostponed({ state, reason, skipBecause }: QueuedChroot): boolean {
  return state === 'pending' && reason !== null && skipBecause === null;
}

/**
 * True when a build of the same batch and project, other than `build`, may still succeed for this chroot by itself: it
 * has not ended, was not put off, and needs none that was.
 */
export function othersMayHelp(builds: Builds, build: QueuedBuild, chroot: ChrootName): boolean {
  const stuck = new Set<BuildId>([build.id]);
  // Builds need only such with lower numbers, and the map is in the order of numbers.
  for (const other of builds.values()) {
    const there = other.chroots.find((each) => each.chroot === chroot);
    if (there === undefined || isFinal(there.state) || other.id === build.id) continue;
    if (isPostponed(there) || endsUntried(there) || other.after.some((id) => stuck.has(id))) stuck.add(other.id);
    else if (isSameBatch(build, other)) return true;
  }
  return false;
}

/** True for builds that were asked for together and see each other's packages. */
export function isSameBatch(one: QueuedBuild, other: QueuedBuild): boolean {
  return one.batch === other.batch && one.owner === other.owner && one.project === other.project;
}
