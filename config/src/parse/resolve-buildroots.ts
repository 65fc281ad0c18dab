// Merges what a project and a package say of a chroot: the package wins.
import { type Buildroot, plainBuildroot } from '../words/buildroot.ts';
import { type ChrootName, chrootOf } from '../words/chroot.ts';
import type { BuildrootYaml } from './project-fields.ts';
import type { PackageYaml, ProjectYaml } from './project-schema.ts';

const nothing: BuildrootYaml = { packages: [], repos: [], with: [], without: [], macros: {}, modules: [] };

/**
 * Gives the buildroots of one package after another. Equal ones of a package, and of packages that say nothing, are one
 * object: a project has thousands of packages and dozens of chroots.
 */
export function resolveBuildroots(
  project: ProjectYaml,
  chroots: readonly ChrootName[],
): (stated: PackageYaml) => ReadonlyMap<ChrootName, Buildroot> {
  const optionsOf = (chroot: ChrootName) =>
    (Array.isArray(project.chroots) ? undefined : project.chroots[chroot]) ?? nothing;
  const resolve = (stated: BuildrootYaml, network: boolean, names: readonly ChrootName[]) => {
    const known = new Map<BuildrootYaml, Map<boolean, Buildroot>>();
    return new Map(
      names.map((chroot) => {
        const options = optionsOf(chroot);
        const forced = [stated.forcearch, options.forcearch].includes(chrootOf(chroot).architecture);
        const same = known.get(options) ?? new Map<boolean, Buildroot>();
        known.set(options, same);
        const buildroot = same.get(forced) ?? merge(options, stated, network, forced ? chroot : undefined);
        same.set(forced, buildroot);
        return [chroot, buildroot];
      }),
    );
  };
  const plain = new Map([false, true].map((network) => [network, resolve(nothing, network, chroots)]));
  return (stated) => {
    const network = stated.network ?? project.network;
    const shared = plain.get(network);
    if (shared !== undefined && stated.chroots === undefined && saysNothing(stated)) return shared;
    return resolve(stated, network, stated.chroots ?? chroots);
  };
}

function saysNothing(stated: BuildrootYaml): boolean {
  const lists = [stated.packages, stated.repos, stated.with, stated.without, stated.modules];
  return (
    lists.every((list) => list.length === 0) &&
    Object.keys(stated.macros).length === 0 &&
    stated.isolation === undefined &&
    stated.forcearch === undefined
  );
}

function merge(chroot: BuildrootYaml, own: BuildrootYaml, network: boolean, forced: ChrootName | undefined): Buildroot {
  if (!network && forced === undefined && saysNothing(chroot) && saysNothing(own)) return plainBuildroot;
  const both = (key: 'packages' | 'repos' | 'modules') => [...new Set([...chroot[key], ...own[key]])];
  const conditions = (key: 'with' | 'without', other: 'with' | 'without') => [
    ...new Set([...chroot[key].filter((name) => !own[other].includes(name)), ...own[key]]),
  ];
  return {
    packages: both('packages'),
    repos: both('repos'),
    with: conditions('with', 'without'),
    without: conditions('without', 'with'),
    macros: { ...chroot.macros, ...own.macros },
    isolation: own.isolation ?? chroot.isolation ?? 'auto',
    modules: both('modules'),
    forcearch: forced === undefined ? null : chrootOf(forced).architecture,
    network,
  };
}
