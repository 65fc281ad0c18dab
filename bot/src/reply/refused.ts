// Answers that say no: why, and what to do next or whom to ask. Pure.
import { type BuildId, published } from '@coppice/config';
import type { BuildView } from '../build-view.ts';
import { code, plain } from './escape.ts';

const maximumListed = 20;

/** Names as code, so that nobody is notified by being named. */
function list(names: readonly string[]): string {
  const shown = names.slice(0, maximumListed).map((name) => code(name));
  const more = names.length - shown.length;
  return more > 0 ? `${shown.join(', ')} and ${more} more` : shown.join(', ');
}

export function mistake(why: string, suggestion: string | undefined): string {
  const next =
    suggestion === undefined ? 'Write `/help` to see what I understand.' : `Did you mean ${code(suggestion)}?`;
  return `${why} ${next}`;
}

export function notAllowed(actor: string, what: string, project: string, who: readonly string[]): string {
  const ask = who.length === 0 ? 'Nobody may so far.' : `These may: ${list(who)}.`;
  return `Sorry, ${code(actor)} may not ${what} ${project === 'any project' ? project : code(project)}. ${ask} Ask one of them, or open a pull request that adds you to the project's \`builders\`.`;
}

export function unknownBuild(id: BuildId): string {
  return `There is no build ${id}. \`/status\` lists what waits and runs.`;
}

export function alreadyEnded(build: BuildView, url: string): string {
  return `[Build ${build.id}](${url}/${published.buildPage(build)}) has ended already: ${build.state}.`;
}

export function noConfig(): string {
  return 'The config repo has no config in force yet: no push to the default branch could be read without problems. The check "coppice / config" on its last commit says what is wrong.';
}

export function notOnPullRequests(): string {
  return 'Builds of pull requests are not offered yet. Merge it, or comment on an issue to build what is on the default branch.';
}

export function unknownPackages(
  missing: readonly { readonly name: string; readonly near: string | undefined }[],
  known: readonly string[],
): string {
  const lines = missing.slice(0, maximumListed).map(({ name, near }) => {
    const meant = near === undefined ? '' : ` Did you mean ${code(near)}?`;
    return `There is no package ${code(name, 120)}.${meant}`;
  });
  const more = missing.length - lines.length;
  if (more > 0) lines.push(`${more} more are unknown too.`);
  return `${lines.join('\n')}\n\n${known.length === 0 ? 'No project has packages yet.' : `Known: ${list(known)}.`} Nothing was queued.`;
}

export function unknownProject(name: string, near: string | undefined, known: readonly string[]): string {
  const meant = near === undefined ? '' : ` Did you mean ${code(near)}?`;
  return `There is no project ${code(name, 120)}.${meant} Known: ${list(known)}. Nothing was queued.`;
}

export function unknownChroot(
  name: string,
  near: string | undefined,
  project: string,
  known: readonly string[],
): string {
  const meant = near === undefined ? '' : ` Did you mean ${code(near)}?`;
  return `${code(project)} is not built for ${code(name, 120)}.${meant} Its chroots: ${list(known)}. Nothing was queued.`;
}

export function ambiguous(packages: readonly string[], projects: readonly string[], inEach: boolean): string {
  const [first = 'owner/name'] = projects;
  const why = inEach ? 'Several projects have' : 'No single project has';
  const next = inEach
    ? `Say which one: ${code(`/build ${packages.join(' ')} --project ${first}`)}.`
    : 'Write one command for each project.';
  return `${why} ${list(packages)}: ${list(projects)}. ${next} Nothing was queued.`;
}

/** A fault of the machinery while a command was carried out; the rest of what went wrong is in the service's log. */
export function broken(what: string | undefined): string {
  const why = what === undefined ? '' : ` (${plain(what)})`;
  return `Something went wrong on my side while I did this${why}. The log of the service says more; please try again.`;
}

export function endedMeanwhile(id: BuildId): string {
  return `Build ${id} has ended meanwhile. \`/status ${id}\` says how.`;
}

export function tangled(): string {
  return 'This comment is too tangled to be read. Put the commands into a comment of their own, one a line.';
}

export function tooManyCommands(done: number, dropped: number): string {
  return `Only the first ${done} commands of a comment are carried out; ${dropped} more were left. Put them into another comment.`;
}

/** Nothing could be written down: nothing was queued. */
export function diskFull(): string {
  return 'The disk of the service is full, so nothing was queued. Once its admins have made room, ask again.';
}
