// What the `.repo` files of a project say besides where it is: dnf's options, and the repositories that its packages
// need at run time. Pure.
import { type Architecture, type ChrootName, chrootOf } from '../words/chroot.ts';
import { type Project, projectKey } from '../words/project.ts';
import { plainRepoOptions, projectOfRepository, type RepoOptions } from '../words/repo-options.ts';

/** A repository that belongs into a project's `.repo` file beside its own. */
export type NeededRepo =
  | { readonly kind: 'project'; readonly owner: string; readonly name: string; readonly options: RepoOptions }
  | { readonly kind: 'address'; readonly url: string; readonly key: string | null };

export interface RepoTerms {
  readonly options: RepoOptions;
  /** `fedora-42` → the architecture of its 32-bit chroot, where machines of x86_64 read that one too. */
  readonly multilib: ReadonlyMap<string, Architecture>;
  /** Each once: those that the project names first, then what these need in turn. */
  readonly needed: readonly NeededRepo[];
}

/** Those of a project that says nothing. */
export const plainTerms: RepoTerms = { options: plainRepoOptions, multilib: new Map(), needed: [] };

/** More repositories than these beside a project's own would make every call of dnf wait. */
export const maximumNeededRepos = 100;

/** `find` gives the project of an `owner/name`; those that it does not know are left out, for nothing is there. */
export function repoTerms(project: Project, find: (key: string) => Project | undefined): RepoTerms {
  const needed = neededRepos(project, find).slice(0, maximumNeededRepos);
  return { options: project.repoOptions, multilib: multilibOf(project), needed };
}

/**
 * What a project needs and what that needs in turn, in breadth: at most one more than may be. Circles end, and the
 * project itself is not among them. Of an address that is named twice, the first key that is stated counts.
 */
export function neededRepos(project: Project, find: (key: string) => Project | undefined): readonly NeededRepo[] {
  const found = new Map<string, NeededRepo>();
  const seen = new Set([projectKey(project)]);
  const waiting: Project[] = [project];
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    for (const { url, key } of next.runtimeRepos) {
      const named = projectOfRepository(url);
      if (named === undefined) {
        const before = found.get(url);
        if (before === undefined || (before.kind === 'address' && before.key === null)) {
          found.set(url, { kind: 'address', url, key });
        }
      } else if (!seen.has(named)) {
        seen.add(named);
        const other = find(named);
        if (other === undefined) continue;
        found.set(url, { kind: 'project', owner: other.owner, name: other.name, options: other.repoOptions });
        waiting.push(other);
      }
      if (found.size > maximumNeededRepos) return [...found.values()];
    }
  }
  return [...found.values()];
}

/** The 32-bit architectures that machines of x86_64 run too; Fedora's chroots are called by either name. */
const companions = ['i686', 'i386'] as const satisfies readonly Architecture[];

/** `distribution-release` → the architecture of its 32-bit chroot, where there is one of x86_64 too. */
export function multilibChroots(chroots: readonly ChrootName[]): ReadonlyMap<string, Architecture> {
  const releases = Map.groupBy(chroots.map(chrootOf), ({ distribution, release }) => `${distribution}-${release}`);
  return new Map(
    [...releases].flatMap(([release, known]): [string, Architecture][] => {
      const has = new Set(known.map(({ architecture }) => architecture));
      const companion = companions.find((each) => has.has(each));
      return companion !== undefined && has.has('x86_64') ? [[release, companion]] : [];
    }),
  );
}

function multilibOf({ repoOptions, chroots }: Project): ReadonlyMap<string, Architecture> {
  return repoOptions.multilib ? multilibChroots(chroots) : new Map();
}
