// The input digests of all packages of a project, needs before those that are built again with them.
import { plainBuildroot } from '../words/buildroot.ts';
import type { ChrootName } from '../words/chroot.ts';
import { type Package, type Project, projectKey } from '../words/project.ts';
import { pinnedFor } from '../words/source.ts';
import { chainDigest, inputDigest } from './input-digest.ts';
import type { PlanInput } from './plan.ts';

export type DigestOf = (name: string, chroot: ChrootName) => string | undefined;

/**
 * `order` names every package once, needs first. A package whose source is not pinned has the digest of its last build
 * (`lastDigest`), so that what needs it keeps its own digest while nothing changed; undefined when there was none.
 */
export function projectDigests(
  project: Project,
  order: readonly string[],
  input: Pick<PlanInput, 'pinned' | 'chrootConfigDigests'>,
  lastDigest: DigestOf,
): DigestOf {
  const digests = new Map<string, string>();
  const chains = new Map<string, string>();
  const packages = new Map(project.packages.map((each) => [each.name, each]));
  const chained = project.packages.some(({ rebuildOnNeeds }) => rebuildOnNeeds);
  for (const name of order) {
    const each = packages.get(name);
    for (const chroot of each?.chroots ?? []) {
      if (each === undefined) continue;
      const needs = chained ? chainsOf(each, chroot, chains) : new Map<string, string>();
      const digest = ownDigest(project, each, chroot, input, each.rebuildOnNeeds ? needs : new Map());
      if (digest !== undefined) digests.set(key(name, chroot), digest);
      if (chained) chains.set(key(name, chroot), chainDigest(digest ?? lastDigest(name, chroot) ?? '', needs));
    }
  }
  return (name, chroot) => digests.get(key(name, chroot));
}

function ownDigest(
  project: Project,
  each: Package,
  chroot: ChrootName,
  { pinned, chrootConfigDigests }: Pick<PlanInput, 'pinned' | 'chrootConfigDigests'>,
  needs: ReadonlyMap<string, string>,
): string | undefined {
  const source = pinnedFor(pinned.get(`${projectKey(project)}/${each.name}`), chroot);
  if (source === undefined) return undefined;
  const chrootConfigDigest = chrootConfigDigests.get(chroot) ?? '';
  const buildroot = each.buildroots.get(chroot) ?? plainBuildroot;
  return inputDigest({ source, chroot, chrootConfigDigest, repos: project.repos, buildroot, needs });
}

/** The needs that are built for the chroot too. */
function chainsOf(each: Package, chroot: ChrootName, chains: ReadonlyMap<string, string>): Map<string, string> {
  const found = new Map<string, string>();
  for (const need of each.needs) {
    const chain = chains.get(key(need, chroot));
    if (chain !== undefined) found.set(need, chain);
  }
  return found;
}

function key(name: string, chroot: ChrootName): string {
  return `${name} ${chroot}`;
}
