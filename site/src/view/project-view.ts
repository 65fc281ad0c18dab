// What the page of a project shows.
import { forHowLong, isFinal, published, readSandbox } from '@coppice/config';
import { siteHref, webAddress } from '../markup/html.ts';
import { listedBuilds, type SiteProject } from '../model/site-model.ts';
import { formatTime } from './format.ts';
import { type Install, installOf } from './install-view.ts';
import { type KeyView, keysOf } from './key-view.ts';
import { type ProjectFacts, projectFacts } from './project-facts.ts';
import { type BuildRow, type Matrix, matrixOf, rowOf } from './rows.ts';

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
  /** All of them, on pages; null while there are none. */
  readonly buildsHref: string | null;
  readonly live: boolean;
  /** The config repo speaks of it; otherwise only its past builds are left, or it is a sandbox. */
  readonly stated: boolean;
  /** The pull request that it is the sandbox of, and the project that this one changes; null for other projects. */
  readonly sandbox: { readonly project: string; readonly pull: number; readonly href: string | null } | null;
  /** Of a sandbox: when it is deleted, as the end of a sentence; null: nobody says it. */
  readonly endsWhen: string | null;
}

/** The view of one project; `buildsPath`: where all of its builds are listed. */
export function projectView(project: SiteProject, siteUrl: string, buildsPath?: string): ProjectView {
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
    buildsHref: project.buildCount > 0 && buildsPath !== undefined ? siteHref(buildsPath) : null,
    live: builds.some((build) => !isFinal(build.state)),
    stated: entry !== null,
    sandbox: sandboxOf(project),
    endsWhen: endsWhen(project.lifetime),
  };
}

/** The pull request is where its builds were asked for. */
function sandboxOf({ name, builds }: SiteProject): ProjectView['sandbox'] {
  const sandbox = readSandbox(name);
  if (sandbox === undefined) return null;
  const requests = builds.flatMap(({ request }) => webAddress(request) ?? []);
  const repositories = requests.flatMap((address) => /^(https?:\/\/[^/]+\/[^/]+\/[^/]+)\//.exec(address)?.[1] ?? []);
  const href = repositories[0] === undefined ? null : `${repositories[0]}/pull/${sandbox.pull}`;
  return { ...sandbox, href };
}

function endsWhen(lifetime: SiteProject['lifetime']): string | null {
  if (lifetime === null) return null;
  const { keptSeconds, deleteAt } = lifetime;
  if (deleteAt !== null) return `after ${formatTime(deleteAt)}, for it was closed`;
  return `${forHowLong(keptSeconds)} after it is closed`;
}
