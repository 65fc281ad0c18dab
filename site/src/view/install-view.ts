// How a reader installs what a project built, for each distribution release: with names that the results have.
import { binaryPackages, type Chroot, parseChroot, published } from '@coppice/config';
import { siteHref } from '../markup/html.ts';
import type { Build, OtherShown, SiteProject } from '../model/site-model.ts';
import { chrootLabel } from './format.ts';
import { isGiven, keyOfOther, othersByKey } from './shown-view.ts';

/** The commands for one distribution release; each of them does what it says, for something was built for it. */
export interface InstallSnippet {
  readonly label: string;
  /** Adds the repository; the file that it fetches asks for both signatures. */
  readonly dnf5: string;
  readonly dnf4: string;
  /** The same with the copr plugin, which in dnf 5 asks for the signatures of packages alone. */
  readonly copr: string;
  /** The plugin of dnf 5 takes that line as well. */
  readonly coprInDnf5: boolean;
  /** The path of the `.repo` file. */
  readonly repoHref: string;
  readonly install: string;
  /** Binary packages of the same build that the command does not name. */
  readonly others: readonly string[];
}

export interface Install {
  readonly snippets: readonly InstallSnippet[];
  /** Releases whose users get nothing yet. */
  readonly notYet: readonly NotYet[];
}

/** Why there is nothing to install for a release. */
export interface NotYet {
  readonly label: string;
  readonly why:
    | 'not-built'
    /** No build succeeded. */
    | 'failed'
    /** What was built waits to be published, or was taken back. */
    | OtherShown['why'];
  /** The page of the build that says more, with its number; null where there is none. */
  readonly build: { readonly id: number; readonly href: string } | null;
}

/** A build that gave packages for a release: the chroot, and what is in it, the main package first. */
interface Offer {
  readonly chroot: Chroot;
  readonly names: readonly string[];
}

/**
 * What can be installed of the builds of `project`. A service behind https on the standard port is named by its host;
 * any other needs `--hub`, which the plugin of dnf 5 refuses. A frozen project has no repository to enable.
 */
export function installOf(project: SiteProject, chroots: readonly string[], siteUrl: string): Install {
  if (project.entry?.frozen) return { snippets: [], notYet: [] };
  const known = chroots.flatMap((name) => parseChroot(name) ?? []);
  const releases = Map.groupBy(known, ({ distribution, release }) => `${distribution}-${release}`);
  const snippets: InstallSnippet[] = [];
  const notYet: NotYet[] = [];
  for (const [release, ofRelease] of releases) {
    const label = chrootLabel(`${release}-x86_64`);
    const offer = offerOf(project, ofRelease);
    if (offer === undefined) notYet.push({ label, ...whyNothing(project, ofRelease) });
    else snippets.push(snippetOf(project, offer, label, siteUrl));
  }
  return { snippets, notYet };
}

/** The newest of what people come for: what others of the project need is a library, and comes by itself. */
function offerOf(project: SiteProject, chroots: readonly Chroot[]): Offer | undefined {
  const { entry, builds } = project;
  const others = othersByKey(project);
  // What leaves the project is nothing to begin with either.
  const departed = entry?.departed.map((known) => known.name) ?? [];
  const second = new Set([
    ...(entry?.packages.flatMap(({ needs, requires }) => [...needs, ...(requires ?? [])]) ?? []),
    ...departed,
  ]);
  let other: Offer | undefined;
  for (const build of builds) {
    for (const chroot of chroots) {
      const run = build.chroots.find((one) => one.chroot === chroot.name && one.state === 'succeeded');
      if (run === undefined || !isGiven(others, build, chroot.name)) continue;
      const names = binaryPackages(run.artifacts, build.package);
      if (names.length === 0) continue;
      if (!second.has(build.package)) return { chroot, names };
      other ??= { chroot, names };
    }
  }
  return other;
}

/** The newest build of a release says why its users get nothing. */
function whyNothing(project: SiteProject, chroots: readonly Chroot[]): Pick<NotYet, 'why' | 'build'> {
  const names = new Set<string>(chroots.map(({ name }) => name));
  const others = othersByKey(project);
  let failed: Build | undefined;
  for (const build of project.builds) {
    const runs = build.chroots.filter((run) => names.has(run.chroot));
    for (const { chroot, state } of runs) {
      const other = others.get(keyOfOther({ package: build.package, chroot }));
      if (state === 'succeeded' && other !== undefined) return { why: other.why, build: linkTo(build) };
    }
    // Without a source package nothing is known of chroots.
    if (build.state === 'failed' && (runs.length > 0 || build.chroots.length === 0)) failed ??= build;
  }
  return failed === undefined ? { why: 'not-built', build: null } : { why: 'failed', build: linkTo(failed) };
}

function linkTo(build: Build): NonNullable<NotYet['build']> {
  return { id: build.id, href: siteHref(published.buildPage(build)) };
}

function snippetOf({ owner, name }: SiteProject, { chroot, names }: Offer, label: string, url: string): InstallSnippet {
  const { protocol, host, port, origin } = new URL(url);
  const project = `${owner}/${name}`;
  const coprInDnf5 = protocol === 'https:' && port === '';
  const hub = coprInDnf5 ? `${host}/${project}` : `--hub ${origin} ${project}`;
  // On Fedora the plugins find the release by themselves, and the repository follows the system's.
  const which = chroot.distribution === 'fedora' ? '' : ` ${chroot.name}`;
  const address = `${url.replace(/\/$/, '')}/${published.ownRepo(owner, name, chroot.name)}`;
  const [main, ...others] = names;
  return {
    label,
    dnf5: `sudo dnf config-manager addrepo --from-repofile=${address}`,
    dnf4: `sudo dnf config-manager --add-repo ${address}`,
    copr: `sudo dnf copr enable ${hub}${which}`,
    coprInDnf5,
    repoHref: siteHref(published.ownRepo(owner, name, chroot.name)),
    install: `sudo dnf install ${main}`,
    others,
  };
}
