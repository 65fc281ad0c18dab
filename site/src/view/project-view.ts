// What the pages of a project and of a package show.
import { forHowLong, isFinal, published, readSandbox } from '@coppice/config';
import { siteHref } from '../markup/html.ts';
import { type Build, listedBuilds, type SiteProject } from '../model/site-model.ts';
import { formatTime } from './format.ts';
import { type Install, installOf } from './install-view.ts';
import { type KeyView, keysOf } from './key-view.ts';
import { type ProjectFacts, projectFacts } from './project-facts.ts';
import { type BuildRow, cellsOf, chrootsOf, departedOf, type Matrix, type MatrixRow, matrixOf, rowOf } from './rows.ts';
import { standingOf } from './shown-view.ts';

export interface ProjectView {
  readonly path: string;
  readonly owner: string;
  readonly name: string;
  readonly description: string;
  readonly instructions: string;
  readonly maintainers: readonly string[];
  readonly builders: readonly string[];
  readonly facts: ProjectFacts;
  /** Its signing keys, the one that signs first; none where nothing is known of them. */
  readonly keys: readonly KeyView[];
  readonly publicKeyHref: string;
  readonly install: Install;
  readonly matrix: Matrix;
  readonly latest: readonly BuildRow[];
  readonly buildCount: number;
  readonly live: boolean;
  /** The config repo speaks of it; otherwise only its past builds are left, or it is a sandbox. */
  readonly stated: boolean;
  /** The pull request that it is the sandbox of, and the project that this one changes; null for other projects. */
  readonly sandbox: { readonly project: string; readonly pull: number } | null;
  /** Of a sandbox: when it is deleted, as the end of a sentence; null: nobody says it. */
  readonly endsWhen: string | null;
}

export interface PackageView {
  readonly path: string;
  readonly owner: string;
  readonly project: string;
  readonly projectHref: string;
  readonly name: string;
  /** As in a row of the matrix: what users get, and what they do not. */
  readonly version: string | null;
  readonly notes: readonly string[];
  readonly departed?: string | null;
  readonly install: Install;
  readonly source: string | null;
  readonly needs: readonly { readonly name: string; readonly href: string | null }[];
  readonly chroots: readonly {
    readonly chroot: string;
    readonly cell: MatrixRow['cells'][number];
    readonly version: string | null;
  }[];
  readonly history: readonly BuildRow[];
  readonly buildCount: number;
  readonly live: boolean;
}

/** The view of one project. */
export function projectView(project: SiteProject, siteUrl: string): ProjectView {
  const { owner, name, entry, builds } = project;
  const matrix = matrixOf(project);
  return {
    path: published.projectPage(owner, name),
    owner,
    name,
    description: entry?.description ?? '',
    instructions: entry?.instructions ?? '',
    maintainers: entry?.maintainers ?? [],
    builders: entry?.builders ?? [],
    facts: projectFacts(project, matrix.chroots),
    keys: keysOf(entry),
    publicKeyHref: siteHref(published.publicKey(owner, name)),
    install: installOf(project, entry?.chroots ?? matrix.chroots, siteUrl),
    matrix,
    latest: builds.slice(0, listedBuilds.project).map(rowOf),
    buildCount: project.buildCount,
    live: builds.some((build) => !isFinal(build.state)),
    stated: entry !== null,
    sandbox: readSandbox(name) ?? null,
    endsWhen: endsWhen(project.lifetime),
  };
}

function endsWhen(lifetime: SiteProject['lifetime']): string | null {
  if (lifetime === null) return null;
  const { keptSeconds, deleteAt } = lifetime;
  if (deleteAt !== null) return `after ${formatTime(deleteAt)}, for it was closed`;
  return `${forHowLong(keptSeconds)} after it is closed`;
}

/** The view of one package of a project, which holds its builds. */
export function packageView(project: SiteProject, name: string, siteUrl: string): PackageView {
  const entry = project.entry?.packages.find((known) => known.name === name) ?? null;
  const builds: readonly Build[] = project.builds.filter((build) => build.package === name);
  const chroots = entry?.chroots ?? chrootsOf({ ...project, entry: null });
  const cells = cellsOf(builds, chroots, entry?.chroots ?? null);
  const departed = departedOf(project, name);
  const others = project.others.filter((each) => each.package === name);
  const told = { builds, others, mode: project.entry?.publish };
  const { version, notes } = standingOf(told, chrootsOf(project));
  const { versions } = standingOf(told, chroots);
  const stated = new Set(project.entry?.packages.map((known) => known.name));
  return {
    path: published.packagePage(project.owner, project.name, name),
    owner: project.owner,
    project: project.name,
    projectHref: siteHref(published.projectPage(project.owner, project.name)),
    name,
    version,
    notes,
    ...(departed === undefined ? {} : { departed }),
    install: installOf({ ...project, builds }, chroots, siteUrl),
    source: entry?.source ?? null,
    needs: [...new Set([...(entry?.needs ?? []), ...(entry?.requires ?? [])])].map((need) => ({
      name: need,
      href: stated.has(need) ? siteHref(published.packagePage(project.owner, project.name, need)) : null,
    })),
    chroots: chroots.map((chroot, index) => ({ chroot, cell: cells[index] ?? null, version: versions[index] ?? null })),
    history: builds.slice(0, listedBuilds.package).map(rowOf),
    buildCount: project.buildCount,
    live: builds.some((build) => !isFinal(build.state)),
  };
}
