// A version that is lower than the one that users have: they are not given it by an update, which is easily missed.
import { type Artifact, type ChrootName, compareEvr, parseNevra, type QueuedBuild } from '@coppice/config';
import { shownVersion } from '../repodata/shown-version.ts';
import type { Publisher } from './publisher.ts';
import { repositoryFolder } from './repository-of.ts';

/** What is said of the end of a build whose packages are lower than those that its repository shows, if they are. */
export async function remarkLower(
  publisher: Publisher,
  { owner, project, package: name }: Pick<QueuedBuild, 'owner' | 'project' | 'package'>,
  chroot: ChrootName,
  artifacts: readonly Artifact[],
): Promise<{ readonly remark?: string }> {
  const version = versionBuilt(artifacts);
  if (version === undefined || publisher.allowsDowngrade?.(owner, project, name) === true) return {};
  const shown = await shownVersion(repositoryFolder(publisher, { owner, project }, chroot), name).catch(
    (error: unknown) => publisher.log?.('warn', `What ${owner}/${project} shows of ${name} cannot be read`, { error }),
  );
  if (typeof shown !== 'string' || compareEvr(version, shown) >= 0) return {};
  return {
    remark: `${version} is lower than ${shown}, which was published before: systems that have that one keep it until \`dnf distro-sync\` is run there; \`downgrade: allow\` says that this is meant.`,
  };
}

/** `[epoch:]version-release` of the source package, or else of the first. */
function versionBuilt(artifacts: readonly Artifact[]): string | undefined {
  const all = artifacts.flatMap(({ nevra }) => parseNevra(nevra) ?? []);
  const about = all.find(({ architecture }) => architecture === 'src' || architecture === 'nosrc') ?? all[0];
  if (about === undefined) return undefined;
  return `${about.epoch === 0 ? '' : `${about.epoch}:`}${about.version}-${about.release}`;
}
