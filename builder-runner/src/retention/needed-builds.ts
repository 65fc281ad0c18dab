// Old builds that a package which is shown still needs: it requires what none of those that are shown provides. Pure.

import type { BuildTexts } from '../repodata/texts.ts';
import { type Capability, meets, offersOf, requiresOf } from './capabilities.ts';

/** A build that would go, with what it offers and asks for. */
interface Candidate {
  readonly build: string;
  readonly offers: readonly Capability[];
  readonly requires: readonly Capability[];
}

/** Finds what is needed of some builds, from the lists of packages that are shown, part by part. */
export interface NeedFinder {
  /** Looks at the elements of `primary` of packages that are shown. */
  look(primary: string): void;
  /** Looks at the elements of `filelists`, where that is worth it. */
  lookAtFiles(filelists: string): void;
  /** True while something that is required is a file that `primary` does not tell of. */
  wantsFiles(): boolean;
  /** The builds that are needed. */
  found(): ReadonlySet<string>;
}

/**
 * Among `builds`, by their numbers, the newest one that meets a requirement is the one that stays; what that one
 * requires in its turn stays as well.
 */
export function findNeeded(builds: readonly BuildTexts[]): NeedFinder {
  const candidates = builds
    .map(
      ({ build, packages }): Candidate => ({
        build,
        offers: packages.flatMap(offersOf),
        requires: packages.flatMap(({ primary }) => requiresOf(primary)),
      }),
    )
    .sort((one, other) => Number.parseInt(other.build, 10) - Number.parseInt(one.build, 10));
  const names = new Set(candidates.flatMap(({ offers }) => offers.map(({ name }) => name)));
  const offered = new Map<string, Capability[]>();
  const required = new Map<string, Capability>();
  const offer = (capability: Capability) => {
    const known = offered.get(capability.name);
    if (known === undefined) offered.set(capability.name, [capability]);
    else known.push(capability);
  };
  const require = (capability: Capability) => required.set(JSON.stringify(capability), capability);
  const isMet = (capability: Capability) =>
    offered.get(capability.name)?.some((each) => meets(each, capability, false)) === true;
  const concerns = ({ name }: Capability) => names.has(name);
  return {
    look(primary) {
      if (names.size === 0) return;
      for (const element of primary.split('</package>')) {
        for (const capability of requiresOf(element)) if (concerns(capability)) require(capability);
        for (const capability of offersOf({ primary: element, filelists: element }))
          if (concerns(capability)) offer(capability);
      }
    },
    lookAtFiles(filelists) {
      for (const capability of offersOf({ primary: '', filelists })) if (concerns(capability)) offer(capability);
    },
    wantsFiles: () => [...required.values()].some((each) => each.name.startsWith('/') && !isMet(each)),
    found() {
      const needed = new Set<string>();
      const open = [...required.values()];
      for (let each = open.pop(); each !== undefined; each = open.pop()) {
        const wanted = each;
        if (isMet(wanted)) continue;
        const candidate = candidates.find(({ offers }) => offers.some((one) => meets(one, wanted, true)));
        if (candidate === undefined || needed.has(candidate.build)) continue;
        needed.add(candidate.build);
        open.push(...candidate.requires.filter(concerns));
      }
      return needed;
    },
  };
}
