// What Copr's API answers of builds, packages and projects, made of what the site knows. Pure. Source of the forms:
// https://github.com/fedora-copr/copr (coprs_frontend, `apiv3_ns`): its clients fall over keys that are missing.
import { createHash } from 'node:crypto';
import { type BuildState, type ChrootName, parseChroot, parseNevra, published, rpmFileName } from '@coppice/config';
import type { Build, ChrootRun, SiteProject } from '../model/site-model.ts';

/** Copr numbers projects and packages; nothing here asks by that number. A number of the name: it stays the same. */
function numberOf(name: string): number {
  return createHash('sha256').update(name).digest().readUInt32BE(0) >>> 1;
}

/** Seconds since 1970, as Copr says times. */
function seconds(time: string | null): number | null {
  return time === null ? null : Math.floor(Date.parse(time) / 1000);
}

/** An address below `url`, whose parts may hold what addresses do not. */
function addressOf(url: string, path: string): string {
  return `${url}/${path.split('/').map(encodeURIComponent).join('/').replaceAll('%3A', ':')}`;
}

/** One project; `chroots` are those that it states, or that something was built for. */
export function coprProject({ owner, name, entry, builtChroots }: SiteProject, url: string) {
  const called = name;
  const repository = addressOf(url, published.project(owner, name));
  const known = entry?.chroots ?? builtChroots;
  const chroots = known.filter((chroot) => parseChroot(chroot) !== undefined).sort();
  return {
    id: numberOf(`${owner}/${name}`),
    ...{ name: called, projectname: called, ownername: owner, full_name: `${owner}/${called}` },
    description: entry?.description ?? '',
    instructions: entry?.instructions ?? '',
    homepage: entry?.homepage ?? null,
    contact: entry?.contact ?? null,
    chroot_repos: Object.fromEntries(chroots.map((chroot) => [chroot, `${repository}/${chroot}/`])),
    additional_repos: entry?.repos ?? [],
    enable_net: entry?.network ?? false,
    module_hotfixes: entry?.repoOptions.moduleHotfixes ?? false,
    repo_priority: entry?.repoOptions.priority ?? null,
    ...{ auto_prune: true, devel_mode: false, persistent: false, unlisted_on_hp: false, appstream: false },
    ...{ bootstrap: 'default', isolation: 'default', follow_fedora_branching: false },
    packit_forge_projects_allowed: [],
    // Where the files are: in folders of the web server, which is what its clients do not call `pulp`.
    storage: 'backend',
  };
}

/** One build, without its chroots. */
export function coprBuild(build: Build, url: string) {
  const source = build.srpm?.artifacts.find(({ nevra }) => parseNevra(nevra)?.architecture === 'src');
  const called = build.project;
  return {
    ...{ id: build.id, state: build.state, ownername: build.owner, projectname: called, project_dirname: called },
    repo_url: addressOf(url, published.project(build.owner, build.project)),
    source_package: {
      name: build.package,
      version: versionOf(build.srpm),
      url: source === undefined ? null : addressOf(url, `${published.srpmBuild(build)}/${source.file}`),
    },
    submitted_on: seconds(build.requestedAt),
    started_on: seconds(build.startedAt),
    ended_on: seconds(build.endedAt),
    submitter: build.requestedBy,
    chroots: build.chroots.map(({ chroot }) => chroot),
    is_background: false,
  };
}

/** `2.12-1` or `1:2.12-1`, of what a run made; null before that. */
function versionOf(run: ChrootRun | null): string | null {
  const nevra = run?.artifacts.map((artifact) => parseNevra(artifact.nevra)).find((each) => each !== undefined);
  if (nevra === undefined) return null;
  return `${nevra.epoch === 0 ? '' : `${nevra.epoch}:`}${nevra.version}-${nevra.release}`;
}

/** One chroot of a build; no `result_url` before there is anything to read. */
export function coprBuildChroot({ chroot, folder, state, startedAt, endedAt }: ChrootRun, url: string) {
  return {
    ...{ name: chroot, state, started_on: seconds(startedAt), ended_on: seconds(endedAt) },
    result_url: startedAt === null ? null : `${addressOf(url, folder)}/`,
  };
}

/** The packages that a build gave, by chroot. */
export function coprBuiltPackages(build: Build) {
  return Object.fromEntries(
    build.chroots.map(({ chroot, artifacts }) => {
      const packages = artifacts.flatMap(({ file, nevra }) => {
        const parts = parseNevra(nevra);
        if (parts === undefined || rpmFileName(parts) !== file) return [];
        const { name, epoch, version, release, architecture: arch } = parts;
        return [{ name, epoch, version, release, arch }];
      });
      return [chroot, { packages }];
    }),
  );
}

/** One package; `latest` and `good` are its last build and the last one that succeeded. */
export function coprPackage(
  { owner, name }: SiteProject,
  of: string,
  { latest, good }: { readonly latest: Build | undefined; readonly good: Build | undefined },
  url: string,
) {
  return {
    id: numberOf(`${owner}/${name}/${of}`),
    ...{ name: of, ownername: owner, projectname: name, auto_rebuild: true },
    ...sourceOf(latest),
    builds: {
      latest: latest === undefined ? null : coprBuild(latest, url),
      latest_succeeded: good === undefined ? null : coprBuild(good, url),
    },
  };
}

/** The source of a package as it was built last, in Copr's words. */
function sourceOf(build: Build | undefined) {
  const source = build?.source;
  switch (source?.type) {
    case undefined:
      return { source_type: 'unset', source_dict: {} };
    case 'git':
      return {
        source_type: 'scm',
        source_dict: {
          ...{ type: 'git', clone_url: source.url, committish: source.ref, subdirectory: source.subdirectory ?? '' },
          ...{ spec: source.spec ?? '', source_build_method: source.method ?? 'rpkg' },
        },
      };
    case 'distgit':
      return { source_type: 'distgit', source_dict: { clone_url: source.url, committish: source.branch } };
    case 'srpm':
      return { source_type: 'link', source_dict: { url: source.url } };
    case 'pypi':
      return {
        source_type: 'pypi',
        source_dict: { pypi_package_name: source.package, pypi_package_version: source.version },
      };
    case 'rubygems':
      return { source_type: 'rubygems', source_dict: { gem_name: source.gem } };
    case 'script':
      return { source_type: 'custom', source_dict: { script: source.script } };
    case 'dir':
      return { source_type: 'upload', source_dict: {} };
  }
}

/** Copr's numbers of states (`StatusEnum`). */
const stateNumbers: Readonly<Record<BuildState, number>> = {
  ...{ failed: 0, succeeded: 1, canceled: 2, running: 3, pending: 4, skipped: 5, starting: 6 },
};

/** Of each package the newest run in each chroot. `byPackage` holds builds newest first. */
export function coprMonitor(names: readonly string[], byPackage: ReadonlyMap<string, readonly Build[]>, url: string) {
  const packages = names.map((name) => {
    const runs = new Map<string, readonly [Build, ChrootRun]>();
    for (const build of byPackage.get(name) ?? []) {
      for (const run of build.chroots) if (!runs.has(run.chroot)) runs.set(run.chroot, [build, run]);
    }
    const chroots = [...runs]
      .sort(([a], [b]) => a.localeCompare(b, 'en'))
      .map(([chroot, [build, run]]) => {
        const log = run.logs.some(({ file }) => file === 'build.log')
          ? `${addressOf(url, run.folder)}/build.log`
          : null;
        const about = {
          state: run.state,
          status: stateNumbers[run.state],
          build_id: build.id,
          pkg_version: versionOf(build.srpm),
        };
        return [chroot as ChrootName, { ...about, url_build_log: log }] as const;
      });
    return { name, chroots: Object.fromEntries(chroots) };
  });
  return { output: 'ok', message: 'Project monitor request successful', packages };
}
