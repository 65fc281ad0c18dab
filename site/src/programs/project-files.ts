// What programs read of a project, its packages, its builds and its owner. Pure.
import {
  binaryPackages,
  type ChrootName,
  type OwnerFile,
  type PackageFile,
  type ProjectBuild,
  type ProjectFile,
  parseChroot,
  programFiles,
  published,
  type Standing,
} from '@coppice/config';
import { siteHref } from '../markup/html.ts';
import type { SiteFile } from '../model/site-file.ts';
import { type Build, listedBuilds, type OtherShown, packageNames, type SiteProject } from '../model/site-model.ts';
import { summaryOf } from '../view/home-view.ts';
import { chrootsOf } from '../view/rows.ts';
import { givenIn, standingOf as shownOf } from '../view/shown-view.ts';
import { versionOf } from '../view/verdict.ts';
import { badge, packageSays, projectSays, versionSays } from './badges.ts';

/** A project's own files: what it says of itself, its badge. `project` holds the builds that say how it stands. */
export function programFilesOfProject(project: SiteProject, url: string): readonly SiteFile[] {
  const { owner, name } = project;
  let made: readonly Head[] | undefined;
  const packages = () => {
    made ??= packageHeads(project, url);
    return made;
  };
  return [
    { path: programFiles.project(owner, name), content: () => projectFile(project, packages(), url) },
    {
      path: programFiles.projectBadge(owner, name),
      content: () => badge(`${owner}/${name}`, projectSays(packages().filter(({ stated }) => stated))),
    },
  ];
}

/** A package's own files. `project` holds its builds. */
export function programFilesOfPackage(project: SiteProject, name: string, url: string): readonly SiteFile[] {
  const { owner, name: of } = project;
  let made: Head | undefined;
  const head = () => {
    made ??= packageHead(project, name, project.builds, url);
    return made;
  };
  return [
    { path: programFiles.package(owner, of, name), content: () => packageFile(project, head(), url) },
    { path: programFiles.packageBadge(owner, of, name), content: () => badge(name, packageSays(head().chroots)) },
    {
      path: programFiles.versionBadge(owner, of, name),
      content: () => badge(`${owner}/${of}`, versionSays(head().version)),
    },
  ];
}

type Head = Omit<ProjectFile['packages'][number], 'file'>;

function packageHeads(project: SiteProject, url: string): readonly Head[] {
  const builds = Map.groupBy(project.builds, (build) => build.package);
  return packageNames(project).map((name) => packageHead(project, name, builds.get(name) ?? [], url));
}

/** `builds` are those of the package, newest first. */
function packageHead(project: SiteProject, name: string, builds: readonly Build[], url: string): Head {
  const entry = project.entry?.packages.find((known) => known.name === name);
  const built = builds.flatMap((build) => build.chroots.map(({ chroot }) => chroot));
  const chroots = [...new Set([...(entry?.chroots ?? []), ...built.toSorted()])];
  const others = project.others.filter((each) => each.package === name);
  const { version } = shownOf({ builds, others, mode: project.entry?.publish }, chroots);
  return {
    name,
    page: `${url}${siteHref(published.packagePage(project.owner, project.name, name))}`,
    stated: entry !== undefined,
    source: entry?.source ?? null,
    needs: entry?.needs ?? [],
    version,
    chroots: chroots.map((chroot) => standingOf(name, builds, chroot, others)),
  };
}

function standingOf(name: string, builds: readonly Build[], chroot: string, others: readonly OtherShown[]): Standing {
  const runs = builds.flatMap((build) =>
    build.chroots.filter((run) => run.chroot === chroot).map((run) => ({ build, run })),
  );
  const newest = runs.find(({ run }) => run.state !== 'skipped' && run.state !== 'canceled') ?? runs[0];
  const given = givenIn(builds, others, chroot);
  return {
    chroot,
    newest:
      newest === undefined ? null : { build: newest.build.id, state: newest.run.state, reason: newest.run.reason },
    installable:
      given?.run === undefined
        ? null
        : {
            build: given.id,
            version: given.version,
            packages: [...binaryPackages(given.run.artifacts, name)],
          },
  };
}

function projectFile(project: SiteProject, packages: readonly Head[], url: string): ProjectFile {
  const { owner, name, entry, builds, buildCount } = project;
  const repositories = entry?.frozen ? [] : chrootsOf(project).flatMap((chroot) => parseChroot(chroot)?.name ?? []);
  const [newest] = builds;
  return {
    owner,
    project: name,
    description: entry?.description ?? '',
    page: `${url}${siteHref(published.projectPage(owner, name))}`,
    stated: entry !== null,
    frozen: entry?.frozen ?? null,
    homepage: entry?.homepage ?? null,
    contact: entry?.contact ?? null,
    keys: (entry?.keys ?? []).map(({ fingerprint }) => fingerprint),
    publicKey: siteHref(published.publicKey(owner, name)),
    repositories: repositories.map((chroot: ChrootName) => ({
      chroot,
      repository: `${siteHref(published.repository(owner, name, chroot))}/`,
      repoFile: siteHref(published.ownRepo(owner, name, chroot)),
    })),
    packages: packages.map((head) => ({ ...head, file: siteHref(programFiles.package(owner, name, head.name)) })),
    buildCount,
    builds: newest === undefined ? null : siteHref(programFiles.projectBuilds(owner, name, newest.id)),
    feed: siteHref(programFiles.projectFeed(owner, name)),
    badge: siteHref(programFiles.projectBadge(owner, name)),
  };
}

function packageFile({ owner, name, builds, buildCount, others }: SiteProject, head: Head, url: string): PackageFile {
  const listed = builds.slice(0, listedBuilds.package);
  const last = listed.at(-1);
  const isAll = last === undefined || buildCount <= listed.length;
  return {
    owner,
    project: name,
    ...head,
    buildCount,
    builds: listed.map((build) =>
      projectBuild(
        build,
        url,
        others.filter((each) => each.package === build.package),
      ),
    ),
    ...(isAll ? {} : { older: siteHref(programFiles.projectBuilds(owner, name, last.id)) }),
  };
}

function projectBuild(build: Build, url: string, others: readonly OtherShown[]): ProjectBuild {
  const { chroots, ...summary } = summaryOf(build, url, others);
  return {
    ...summary,
    version: versionOf(build) ?? null,
    requestedBy: build.requestedBy,
    request: build.request,
    chroots: chroots.map((chroot, index) => ({
      ...chroot,
      results: `${siteHref(build.chroots[index]?.folder ?? '')}/`,
    })),
  };
}

/**
 * One file of a project's builds: those of a hundred numbers, newest first. `older` is the highest number below them.
 */
export function projectBuildsFile(
  path: string,
  builds: readonly Build[],
  older: number | undefined,
  url: string,
  othersOf: (build: Build) => readonly OtherShown[],
): SiteFile {
  const [{ owner, project }] = builds as readonly [Build];
  const next = older === undefined ? {} : { older: siteHref(programFiles.projectBuilds(owner, project, older)) };
  return {
    path,
    content: () => ({ builds: builds.map((build) => projectBuild(build, url, othersOf(build))), ...next }),
  };
}

/** An owner's projects. */
export function ownerFile(owner: string, projects: readonly OwnedProject[], url: string): SiteFile {
  const content = (): OwnerFile => ({
    owner,
    projects: projects.map(({ name, entry }) => ({
      project: name,
      description: entry?.description ?? '',
      page: `${url}${siteHref(published.projectPage(owner, name))}`,
      stated: entry !== null,
      chroots: [...(entry?.chroots ?? [])],
      file: siteHref(programFiles.project(owner, name)),
    })),
    builds: siteHref(programFiles.ownerBuilds(owner)),
    feed: siteHref(programFiles.ownerFeed(owner)),
  });
  return { path: programFiles.owner(owner), content };
}

export type OwnedProject = Pick<SiteProject, 'name' | 'entry'>;
