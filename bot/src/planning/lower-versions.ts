// Packages that a plan would build with a version that is lower than the published one, as their specs say it, where
// these can be read without running them.
import { type ChrootName, compareEvr, type Plan, projectKey, sourcePlaces } from '@coppice/config';
import type { ConfigAtCommit } from '../config-repo/config-in-force.ts';
import type { CheckAnnotation } from '../vocabulary/answer.ts';
import type { BuiltIndex } from './built.ts';

/** A version that is to be built, and where the YAML names its package. */
export interface StatedVersion {
  readonly owner: string;
  readonly project: string;
  readonly package: string;
  readonly chroots: readonly ChrootName[];
  /** `[epoch:]version`. */
  readonly version: string;
  readonly path: string;
  readonly line: number;
  readonly column: number;
}

/**
 * What a plan of the config builds, where its version is known and may not be lower without a word. `texts` are the
 * files of the commit. Pure.
 */
export function statedVersions(
  { builds }: Pick<Plan, 'builds'>,
  { config, specs = new Map() }: Pick<ConfigAtCommit, 'config' | 'specs'>,
  texts: ReadonlyMap<string, string>,
): readonly StatedVersion[] {
  const projects = new Map(config.projects.map((project) => [projectKey(project), project]));
  const places = new Map<string, ReturnType<typeof sourcePlaces>>();
  return builds.flatMap(({ owner, project, package: name, chroots }): readonly StatedVersion[] => {
    const version = specs.get(`${owner}/${project}/${name}`)?.version ?? null;
    const stated = projects.get(`${owner}/${project}`)?.packages.find((one) => one.name === name);
    if (version === null || stated === undefined || stated.allowsDowngrade) return [];
    const path = `projects/${owner}/${project}.yaml`;
    const place = places.get(path) ?? sourcePlaces(texts.get(path) ?? '', path);
    places.set(path, place);
    const of = { owner, project, package: name, chroots: chroots.map(({ chroot }) => chroot) };
    return [{ ...of, version, path, ...place(name) }];
  });
}

/** Warnings on the lines of the YAML, one for each package whose version is lower than what readers see of it. */
export async function warnOfLower(
  stated: readonly StatedVersion[],
  shown: BuiltIndex['shown'],
): Promise<readonly CheckAnnotation[]> {
  const found: CheckAnnotation[] = [];
  for (const { owner, project, package: name, chroots, version, path, line, column } of stated) {
    const higher = new Map<ChrootName, string>();
    for (const chroot of chroots) {
      const there = await shown(owner, project, name, chroot);
      // The release is not known before the build.
      if (there !== undefined && compareEvr(version, there.replace(/-[^-]*$/, '')) < 0) higher.set(chroot, there);
    }
    const [highest] = [...higher.values()].sort((one, other) => compareEvr(other, one));
    if (highest === undefined) continue;
    const where = higher.size === chroots.length ? '' : ` for ${[...higher.keys()].join(', ')}`;
    const message = `${name} ${version} is lower than ${highest}, which is published${where}: systems that have that one keep it until \`dnf distro-sync\` is run there. Raise the version or the epoch, or say \`downgrade: allow\` if this is meant.`;
    found.push({ path, line, column, message, level: 'warning' });
  }
  return found;
}

/** The same for the summary of a check; empty when there is nothing to warn of. Pure. */
export function sayLower(warnings: readonly CheckAnnotation[]): string {
  const shown = warnings.slice(0, 10);
  const more = warnings.length - shown.length;
  return [...shown.map(({ message }) => `- ${message}`), ...(more > 0 ? [`- and ${more} more`] : [])].join('\n');
}
