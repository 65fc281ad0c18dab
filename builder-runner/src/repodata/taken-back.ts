// Which packages users were given an older build of by a return to an earlier generation. Each generation records them
// until a newer build takes their place. Pure.
import type { Generation, TakenBack } from './generation.ts';

/** A build as a generation shows it. */
interface Shown {
  /** Its folder. */
  readonly build: string;
  /** `[epoch:]version-release`. */
  readonly version: string | null;
  /** The paths of its packages, inside the repository, where they are looked at. */
  readonly files?: readonly string[];
}

/** What is shown of a package in the one generation and in the one that is made from it. */
export interface Replaced {
  readonly package: string;
  readonly before: Shown | undefined;
  readonly after: Shown | undefined;
}

/** The number of a folder `<00000042>-<package>`. */
export function numberOfBuild(build: string): number {
  return Number(/^\d+/.exec(build)?.[0] ?? 0);
}

/** What is still taken back after a change: nothing of a package that a newer build is shown of. */
export function overtake(takenBack: readonly TakenBack[], changes: readonly Replaced[]): readonly TakenBack[] {
  if (takenBack.length === 0) return takenBack;
  const changed = new Map(changes.map((each) => [each.package, each]));
  return takenBack.flatMap((one) => {
    const change = changed.get(one.package);
    return change === undefined ? [one] : lowered(one.package, one.above, change.after);
  });
}

/** What is taken back after a return, with what was before. */
export function takeBack(takenBack: readonly TakenBack[], changes: readonly Replaced[]): readonly TakenBack[] {
  const before = new Map(takenBack.map((one) => [one.package, one]));
  const changed = new Set(changes.map((change) => change.package));
  const now = changes.flatMap(({ package: name, before: shown, after }) => {
    const above = Math.max(before.get(name)?.above ?? 0, shown === undefined ? 0 : numberOfBuild(shown.build));
    return lowered(name, above, after);
  });
  return [...takenBack.filter((one) => !changed.has(one.package)), ...now];
}

function lowered(name: string, above: number, after: Shown | undefined): readonly TakenBack[] {
  if (after !== undefined && numberOfBuild(after.build) >= above) return [];
  return [{ package: name, above, build: after?.build ?? null, version: after?.version ?? null }];
}

/** As a generation records it: nothing where there is none. */
export function takenBackNow(takenBack: readonly TakenBack[]): Pick<Generation, 'takenBack'> {
  return takenBack.length === 0 ? {} : { takenBack: [...takenBack] };
}
