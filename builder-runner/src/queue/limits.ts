// How many builds may run at once, and how many do.
import type { Architecture, BuildId, ChrootName, Policy, QueuedBuild, QueuedChroot } from '@coppice/config';

/** Upper bounds of the chroots that run at once: of each owner, of a chroot, of an architecture. */
export type Limits = Pick<Policy['limits'], 'perOwner' | 'perChroot' | 'perArchitecture'>;

/** As much as there are workers. */
export const noLimits: Limits = { perOwner: null, perChroot: new Map(), perArchitecture: new Map() };

/** Counts what workers are working on. Chroots that are only being closed do not count. */
export class Running {
  /** The chroots of each build that run, and whether its SRPM is being made. */
  readonly #held = new Map<BuildId, { readonly chroots: readonly ChrootName[]; readonly srpm: boolean }>();
  readonly #counts = new Map<string, number>();

  /** Call it after each change of a build; `isClosing` tells chroots that no builder was given. */
  note(build: QueuedBuild, isClosing: (chroot: QueuedChroot) => boolean): void {
    this.forget(build);
    const held = build.chroots.filter(
      (each) => (each.state === 'starting' || each.state === 'running') && !isClosing(each),
    );
    const now = { chroots: held.map(({ chroot }) => chroot), srpm: build.srpmState === 'running' };
    if (held.length === 0 && !now.srpm) return;
    this.#held.set(build.id, now);
    this.#count(build.owner, now, 1);
  }

  forget(build: QueuedBuild): void {
    const before = this.#held.get(build.id);
    if (before === undefined) return;
    this.#held.delete(build.id);
    this.#count(build.owner, before, -1);
  }

  /** The builds of which chroots run, and these. */
  builds(): Iterable<readonly [BuildId, { readonly chroots: readonly ChrootName[] }]> {
    return this.#held;
  }

  /** Tasks of an owner: chroots and SRPMs. */
  tasksOf(owner: string): number {
    return this.#get(`tasks ${owner}`);
  }

  /** True when one more chroot of this name for this owner would be more than `limits` allow. */
  isFull(limits: Limits, owner: string, chroot: ChrootName): boolean {
    const { perOwner, perChroot, perArchitecture } = limits;
    const architecture = architectureOf(chroot);
    return (
      this.#get(`owner ${owner}`) >= (perOwner ?? Number.POSITIVE_INFINITY) ||
      this.#get(`chroot ${chroot}`) >= (perChroot.get(chroot) ?? Number.POSITIVE_INFINITY) ||
      this.#get(`architecture ${architecture}`) >= (perArchitecture.get(architecture) ?? Number.POSITIVE_INFINITY)
    );
  }

  #count(owner: string, { chroots, srpm }: { chroots: readonly ChrootName[]; srpm: boolean }, by: 1 | -1): void {
    if (srpm) this.#add(`tasks ${owner}`, by);
    for (const chroot of chroots) {
      const of = [`tasks ${owner}`, `owner ${owner}`, `chroot ${chroot}`, `architecture ${architectureOf(chroot)}`];
      for (const key of of) this.#add(key, by);
    }
  }

  #get(key: string): number {
    return this.#counts.get(key) ?? 0;
  }

  #add(key: string, by: number): void {
    const count = this.#get(key) + by;
    if (count === 0) this.#counts.delete(key);
    else this.#counts.set(key, count);
  }
}

/** The last part of a chroot's name; cheaper than all parts, for this is asked at each claim. */
function architectureOf(chroot: ChrootName): Architecture {
  return chroot.slice(chroot.lastIndexOf('-') + 1) as Architecture;
}
