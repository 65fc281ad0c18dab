// Which repositories a project's `.repo` file names and what dnf is told of each: the same for the file and for what
// the copr plugin of dnf 5 makes its file of. Pure.
import { createHash } from 'node:crypto';
import { type NeededRepo, plainRepoOptions, type RepoOptions, type RepoTerms, readSandbox } from '@coppice/config';

/** One repository, and how dnf knows it. */
export interface RepoPart {
  readonly id: string;
  /** For people, of one line. */
  readonly name: string;
  readonly options: RepoOptions;
}

export interface ProjectPart extends RepoPart {
  readonly owner: string;
  readonly project: string;
}

export interface AddressPart extends RepoPart {
  /** Plain ASCII. */
  readonly url: string;
  /** The address of its key; null: nobody stated one. */
  readonly key: string | null;
}

export interface RepoParts {
  readonly own: ProjectPart;
  readonly needed: readonly (ProjectPart | AddressPart)[];
}

/** Who tries a pull request wants its packages, also where the project has newer ones by now. */
const preferred = 90;

/**
 * `host` is that of the service, without a port. The `terms` of a sandbox are those of its project, whose repository is
 * needed as well: the packages were built beside those of `base`, `owner/name`. Ids hold only what dnf allows; those of
 * needed repositories begin with `coprdep:`, for `dnf copr list` falls over any other.
 */
export function repoParts(
  host: string,
  owner: string,
  project: string,
  terms: RepoTerms,
  base = `${owner}/${readSandbox(project)?.project}`,
): RepoParts {
  const sandbox = readSandbox(project);
  const partOf = (kind: 'copr' | 'coprdep', owner: string, project: string, options: RepoOptions): ProjectPart => ({
    id: `${kind}:${host}:${owner}:${project}`,
    name: `Coppice repository ${owner}/${project}`,
    ...{ options, owner, project },
  });
  const needed = terms.needed.map((repo) =>
    repo.kind === 'project' ? partOf('coprdep', repo.owner, repo.name, repo.options) : addressPart(repo),
  );
  if (sandbox === undefined) return { own: partOf('copr', owner, project, terms.options), needed };
  const before = Math.max(1, Math.min(preferred, (terms.options.priority ?? 99) - 1));
  const [baseOwner = '', baseName = ''] = base.split('/');
  const beside = partOf('coprdep', baseOwner, baseName, terms.options);
  return {
    own: partOf('copr', owner, project, { ...terms.options, priority: before }),
    needed: [beside, ...needed.filter(({ id }) => id !== beside.id)],
  };
}

/** The cost of the 32-bit repository: of what both have, the other one is taken, as with Copr. */
export function multilibOptions(options: RepoOptions): RepoOptions {
  return { ...options, cost: (options.cost ?? 1000) + 100 };
}

function addressPart({ url: address, key }: Extract<NeededRepo, { kind: 'address' }>): AddressPart {
  const url = plain(address);
  const id = `coprdep:${foreignId(address)}`;
  return {
    id,
    name: `External repository ${url}`,
    options: plainRepoOptions,
    url,
    key: key === null ? null : plain(key),
  };
}

/** No address leaves its line. */
function plain(address: string): string {
  return address.replace(/[^\x21-\x7e]/g, (character) => encodeURIComponent(character.toWellFormed()));
}

/** The address in letters that ids may have, and so much of its hash that two addresses differ. */
function foreignId(address: string): string {
  const words = address.replace(/^https?:\/\//, '').replace(/[^A-Za-z0-9]+/g, '_');
  return `${words.slice(0, 60).replace(/_+$/, '')}_${createHash('sha256').update(address).digest('hex').slice(0, 8)}`;
}
