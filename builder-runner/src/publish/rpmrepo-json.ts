// What the copr plugin of dnf 5 asks for when it enables a project, and makes a `.repo` file of by itself. Pure.
// Source of its form: https://github.com/rpm-software-management/dnf5 (dnf5-plugins/copr_plugin, copr_repo.cpp and
// copr_repo.hpp). It ends in a crash where `results_url`, `repos`, `directories` or `dependencies` is missing. The last
// part of the address that it asks is the release that it runs on: it looks for that among `repos` itself, so that one
// file answers all of them.
import {
  type Architecture,
  type ChrootName,
  chrootOf,
  dnfName,
  published,
  type RepoOptions,
  type RepoTerms,
} from '@coppice/config';
import { multilibOptions, repoParts } from './repo-parts.ts';

/** Options in the plugin's words; those that are not there are dnf's own. */
interface Options {
  readonly priority?: number;
  readonly cost?: number;
  readonly module_hotfixes?: true;
}

interface ArchitectureOptions {
  readonly opts: Options;
  readonly multilib?: Readonly<Record<string, { readonly opts: Options }>>;
}

/**
 * The text for a project with repositories for `chroots`. `url` is the service's public address, without a slash at the
 * end; `terms` those of the project, also for a sandbox of it.
 */
export function rpmrepoJson(
  url: string,
  owner: string,
  project: string,
  chroots: readonly ChrootName[],
  terms: RepoTerms,
): string {
  const { own, needed } = repoParts(new URL(url).hostname, owner, project, terms);
  const answer = {
    results_url: `${url}/results`,
    pubkey_url: `${url}/${published.publicKey(owner, project)}`,
    repos: reposOf(chroots, own.options, terms),
    directories: { [dnfName(project)]: {} },
    dependencies: needed.map((part) => ({
      opts: { id: part.id, name: part.name, ...optionsOf(part.options) },
      ...('url' in part
        ? // The plugin knows no key for these: what it writes has `gpgcheck=0`.
          { type: 'external_baseurl', data: { pattern: part.url } }
        : { type: 'copr', data: { owner: part.owner, projectname: dnfName(part.project) } }),
    })),
  };
  return `${JSON.stringify(answer, null, 2)}\n`;
}

/** `fedora-42` → `arch` → `x86_64` → what dnf is told of it. */
function reposOf(chroots: readonly ChrootName[], options: RepoOptions, { multilib }: RepoTerms) {
  const opts = optionsOf(options);
  const releases = Map.groupBy(
    [...chroots].sort().map(chrootOf),
    ({ distribution, release }) => `${distribution}-${release}`,
  );
  return Object.fromEntries(
    [...releases].map(([release, known]) => {
      const companion = multilib.get(release);
      const entry = ({ architecture }: { architecture: Architecture }): [string, ArchitectureOptions] => {
        if (architecture !== 'x86_64' || companion === undefined) return [architecture, { opts }];
        return [architecture, { opts, multilib: { [companion]: { opts: optionsOf(multilibOptions(options)) } } }];
      };
      return [release, { arch: Object.fromEntries(known.map(entry)) }];
    }),
  );
}

function optionsOf({ priority, cost, moduleHotfixes }: RepoOptions): Options {
  return {
    ...(priority === null ? {} : { priority }),
    ...(cost === null ? {} : { cost }),
    ...(moduleHotfixes ? { module_hotfixes: true } : {}),
  };
}
