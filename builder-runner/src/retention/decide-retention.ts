// Which builds of a repository nobody needs any more, by their ends alone. What the repository shows, or what others
// need, is kept by whoever asks. Pure.
import type { BuildState, FailureReason, Retention } from '@coppice/config';

/** A build of one chroot that has ended, as its record says. */
export interface EndedBuild {
  /** `<00000042>-<package>`. */
  readonly folder: string;
  readonly id: number;
  readonly package: string;
  readonly state: BuildState;
  readonly reason: FailureReason | null;
  /** Milliseconds since 1970. */
  readonly endedAt: number;
}

/** A build that may go. */
export interface DueBuild extends EndedBuild {
  readonly why: 'failed' | 'superseded';
}

/**
 * Never the newest good build of a package, nor the last one that a plan compares with: which one that is does not
 * change by what goes.
 */
export function decideRetention(builds: readonly EndedBuild[], retention: Retention, now: Date): readonly DueBuild[] {
  const packages = new Map<string, EndedBuild[]>();
  for (const build of builds) {
    const known = packages.get(build.package);
    if (known === undefined) packages.set(build.package, [build]);
    else known.push(build);
  }
  return [...packages.values()].flatMap((some) => ofOnePackage(some, retention, now.getTime()));
}

function ofOnePackage(builds: readonly EndedBuild[], retention: Retention, now: number): readonly DueBuild[] {
  const newestFirst = builds.toSorted((one, other) => other.id - one.id);
  const [good, others] = [true, false].map((isGood) =>
    newestFirst.filter(({ state }) => (state === 'succeeded') === isGood),
  ) as [EndedBuild[], EndedBuild[]];
  // For the plan, what infrastructure ended never was.
  const last = newestFirst.find(({ reason }) => reason !== 'infrastructure');
  const { failedSeconds, failedBuilds, supersededSeconds, supersededBuilds } = retention;
  const isOver = (since: number, seconds: number, place: number, bound: number | null) =>
    since + seconds * 1000 <= now || (bound !== null && place >= bound);
  const failed = others.filter(
    (build, place) => build !== last && isOver(build.endedAt, failedSeconds, place, failedBuilds),
  );
  const superseded = good.slice(1).filter((build, place) => {
    // From the end of the next good one on, whichever ended first.
    const since = Math.max(build.endedAt, good[place]?.endedAt ?? 0);
    return isOver(since, supersededSeconds, place, supersededBuilds);
  });
  return [
    ...failed.map((build): DueBuild => ({ ...build, why: 'failed' })),
    ...superseded.map((build): DueBuild => ({ ...build, why: 'superseded' })),
  ];
}
