// Answers to /status. Pure.
import { type Project, published } from '@coppice/config';
import type { BuildView } from '../vocabulary/build-view.ts';
import { code, plain } from './escape.ts';
import { progressTable, promotionNote, verdict } from './progress.ts';

const maximumListed = 50;

export function statusOfQueue(live: readonly BuildView[], url: string): string {
  if (live.length === 0) return `No build waits or runs. Everything that was built is at ${url}/`;
  const running = live.filter(({ state }) => state !== 'pending').length;
  const head = `${running} running, ${live.length - running} waiting.`;
  const more = live.length > maximumListed ? `\n\nThe oldest ${maximumListed} of ${live.length}.` : '';
  return `${head}\n\n${progressTable(live.slice(0, maximumListed), url)}${more}`;
}

/** `name` is `owner/project`, `frozen` why it is, and `live` its builds in the queue. */
export function statusOfProject(
  { owner, name, frozen }: Pick<Project, 'owner' | 'name' | 'frozen'>,
  live: readonly BuildView[],
  url: string,
): string {
  const project = code(`${owner}/${name}`);
  const page = `What it has built is at ${url}/${published.projectPage(owner, name)}`;
  const idle = live.length === 0 ? `No build of ${project} waits or runs.` : statusOfQueue(live, url);
  const cold = frozen === null ? '' : `${project} is frozen: it builds and publishes nothing. ${plain(frozen)}`;
  return [cold, `${idle}${live.length === 0 ? ' ' : '\n\n'}${page}`].filter((part) => part !== '').join('\n\n');
}

export function statusOfBuild(build: BuildView, url: string): string {
  const head = `[Build ${build.id}](${url}/${published.buildPage(build)}): ${verdict([build])}`;
  return [head, promotionNote(build), progressTable([build], url)].filter((part) => part !== '').join('\n\n');
}

/** `name` is `owner/project/package`, `builds` its last ones. */
export function buildsOfPackage(name: string, builds: readonly BuildView[], url: string): string {
  return builds.length === 0
    ? `${code(name)} was never built. ${code(`/explain ${name}`)} says why.`
    : `${code(name)}:\n\n${progressTable(builds, url)}`;
}
