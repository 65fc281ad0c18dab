// Answers to /status. Pure.
import { published } from '@coppice/config';
import type { BuildView } from '../vocabulary/build-view.ts';
import { code } from './escape.ts';
import { progressTable, verdict } from './progress.ts';

const maximumListed = 50;

export function statusOfQueue(live: readonly BuildView[], url: string): string {
  if (live.length === 0) return `Nothing waits or runs. Everything that was built is at ${url}/`;
  const running = live.filter(({ state }) => state !== 'pending').length;
  const head = `${running} running, ${live.length - running} waiting.`;
  const more = live.length > maximumListed ? `\n\nThe oldest ${maximumListed} of ${live.length}.` : '';
  return `${head}\n\n${progressTable(live.slice(0, maximumListed), url)}${more}`;
}

export function statusOfBuild(build: BuildView, url: string): string {
  return `[Build ${build.id}](${url}/${published.buildPage(build)}): ${verdict([build])}\n\n${progressTable([build], url)}`;
}

/** `name` is `owner/project/package`, `builds` its last ones. */
export function buildsOfPackage(name: string, builds: readonly BuildView[], url: string): string {
  return builds.length === 0
    ? `${code(name)} was never built. ${code(`/explain ${name}`)} says why.`
    : `${code(name)}:\n\n${progressTable(builds, url)}`;
}
