// What users get of a package, and what was built of it that they do not get. Pure.
import type { PublishMode } from '@coppice/config';
import type { Build, ChrootRun, OtherShown, SiteProject } from '../model/site-model.ts';
import { chrootLabel, sayList } from './format.ts';
import { versionOf } from './verdict.ts';

/** What users get of a package in one chroot. */
interface Given {
  readonly id: number;
  readonly version: string | null;
  /** Undefined where the build is not among those that are known. */
  readonly run: ChrootRun | undefined;
}

/**
 * Of one package; null where they get nothing. `builds` are its own, newest first, `others` what is told of it alone.
 */
export function givenIn(builds: readonly Build[], others: readonly OtherShown[], chroot: string): Given | null {
  const other = others.find((each) => each.chroot === chroot);
  if (other?.build === null) return null;
  const goodRun = (build: Build) => build.chroots.find((run) => run.chroot === chroot && run.state === 'succeeded');
  const build = builds.find((each) => (other === undefined || each.id === Number(other.build)) && goodRun(each));
  if (other !== undefined)
    return { id: other.build, version: withoutEpoch(other.version), run: build && goodRun(build) };
  return build === undefined ? null : { id: build.id, version: versionOf(build) ?? null, run: goodRun(build) };
}

/** How a package stands with its users. */
export interface Standing {
  /** The newest version that they get, in whichever chroot; null where they get none. */
  readonly version: string | null;
  /** What was built and they do not get, one sentence each, without a full stop. */
  readonly notes: readonly string[];
  /** The version that they get in each chroot that was asked for. */
  readonly versions: readonly (string | null)[];
}

/** Of one package: `builds` are its own, newest first, `others` what is told of it alone. */
export function standingOf(
  { builds, others, mode }: { builds: readonly Build[]; others: readonly OtherShown[]; mode: PublishMode | undefined },
  chroots: readonly string[],
): Standing {
  const notes = new Map<string, string[]>();
  let built = 0;
  const given = chroots.map((chroot): Given | null => {
    const good = builds.find((build) =>
      build.chroots.some((run) => run.chroot === chroot && run.state === 'succeeded'),
    );
    if (good !== undefined) built += 1;
    const other = others.find((each) => each.chroot === chroot);
    if (other !== undefined && good !== undefined && good.id > (other.build ?? 0)) {
      const note = sayOther(other, versionOf(good) ?? `build #${good.id}`, mode);
      notes.set(note, [...(notes.get(note) ?? []), chrootLabel(chroot)]);
    }
    return givenIn(builds, others, chroot);
  });
  const newest = given.reduce((best, each) => (each !== null && each.id > (best?.id ?? 0) ? each : best), null);
  return {
    version: newest?.version ?? null,
    notes: [...notes].map(([note, labels]) => (labels.length === built ? note : `${note} (${sayList(labels)})`)),
    versions: given.map((each) => each?.version ?? null),
  };
}

/** That users do not get `version`, and when they will, or what they get instead. */
export function sayOther(
  { why, version }: Pick<OtherShown, 'why' | 'version'>,
  built: string,
  mode: PublishMode | undefined,
): string {
  const get = `users get ${withoutEpoch(version) ?? 'none'}`;
  return why === 'waits' ? `${built} ${waitsFor(mode)}` : `taken back: ${built} was built, ${get}`;
}

/** What builds wait for that are not published yet. */
function waitsFor(mode: PublishMode | undefined): string {
  if (mode === 'manual') return 'waits for /publish';
  return mode === 'batch' ? 'waits for the end of its batch' : 'waits to be published';
}

/** As versions are written on pages. */
function withoutEpoch(version: string | null): string | null {
  return version?.replace(/^\d+:/, '') ?? null;
}

/** Whether users get what a build gave in a chroot. `others` by `keyOfOther`. */
export function isGiven(others: ReadonlyMap<string, OtherShown>, build: Build, chroot: string): boolean {
  const other = others.get(keyOfOther({ package: build.package, chroot }));
  return other === undefined || other.build === build.id;
}

export function keyOfOther({ package: name, chroot }: Pick<OtherShown, 'package' | 'chroot'>): string {
  return `${name} ${chroot}`;
}

/** Why users do not get what a build gave in a chroot, but an older one or none; undefined where they may. */
export function notShown(
  others: readonly OtherShown[],
  { id, package: name }: Pick<Build, 'id' | 'package'>,
  { chroot, state }: Pick<Build['chroots'][number], 'chroot' | 'state'>,
): OtherShown | undefined {
  if (state !== 'succeeded') return undefined;
  return others.find((each) => each.package === name && each.chroot === chroot && id > (each.build ?? 0));
}

/** What is told of a project's packages, by `keyOfOther`. */
export function othersByKey({ others }: Pick<SiteProject, 'others'>): ReadonlyMap<string, OtherShown> {
  return new Map(others.map((each) => [keyOfOther(each), each]));
}
