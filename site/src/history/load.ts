// What the pages speak of, from the history: as little of it as they need.
import { type Build, listedBuilds, type SiteProject } from '../model/site-model.ts';
import type { BuildQuery, History } from './history.ts';

/** A project as its own page shows it; undefined when there is none. `key` is `owner/project`. */
export function loadProject(history: History, key: string): SiteProject | undefined {
  return load(history, { project: key }, listedBuilds.project);
}

/** The same with the builds of one package. */
export function loadPackage(history: History, key: string, name: string): SiteProject | undefined {
  return load(history, { project: key, package: name }, listedBuilds.package);
}

/** The same with its last build alone, as lists of projects show it. */
export function loadCard(history: History, key: string): SiteProject | undefined {
  return load(history, { project: key }, 1, false);
}

function load(
  history: History,
  query: BuildQuery & { readonly project: string },
  last: number,
  telling = true,
): SiteProject | undefined {
  const { project: key } = query;
  const stated = history.entryOf(key);
  if (stated === undefined) return undefined;
  const [owner = '', name = ''] = key.split('/');
  const others = telling ? history.othersShown(key, query.package) : [];
  const builds = new Map(history.newestBuilds(query, last).map((build) => [build.id as number, build]));
  if (telling) {
    for (const build of history.newestBuilds({ ...query, live: true }, last)) builds.set(build.id, build);
    const shown = others.flatMap(({ build }) => build ?? []);
    for (const id of new Set([...history.tellingBuilds(key, query.package), ...shown])) {
      const build = builds.has(id) ? undefined : history.build(id);
      if (build !== undefined && `${build.owner}/${build.project}` === key) builds.set(id, build);
    }
  }
  return {
    ...{ owner, name, ...stated },
    builds: [...builds.values()].sort((one: Build, other: Build) => other.id - one.id),
    others,
    buildCount: history.countBuilds(query),
    builtPackages: history.builtPackages(key),
    builtChroots: history.builtChroots(key),
  };
}
