// Answers that say no: why, and what to do next or whom to ask. Pure.
import { type BuildId, published, readSandbox } from '@coppice/config';
import type { BuildView } from '../vocabulary/build-view.ts';
import type { Role } from '../vocabulary/command.ts';
import type { LeavingPackage } from '../vocabulary/departed.ts';
import { code, list, plain } from './escape.ts';
import { time } from './fates.ts';

const maximumListed = 20;

/** Lines that are suggested are shown as a whole: cut, they would say something else. */
const maximumSuggestion = 4000;

export function mistake(why: string, suggestion: string | undefined): string {
  if (suggestion === undefined) return `${why} Write \`/help\` to see what I understand.`;
  const lines = suggestion.split('\n').map((line) => code(line, maximumSuggestion));
  if (lines.length > 1) return `${why} Did you mean these, a line each: ${lines.join(', ')}?`;
  return `${why} Did you mean ${lines.join('')}?`;
}

/** `role`: who has that in the project may do it; undefined where no role gives it. */
export function notAllowed(
  actor: string,
  what: string,
  project: string,
  who: readonly string[],
  role: Role | undefined,
): string {
  const ask = who.length === 0 ? 'Nobody may so far.' : `These may: ${list(who)}.`;
  const isAny = project === 'any project';
  const rights =
    role === undefined
      ? ''
      : ` Ask one of them, or ask for rights with ${code(`/request ${role}${isAny ? '' : ` ${project}`}`)}.`;
  return `Sorry, ${code(actor)} may not ${what} ${isAny ? project : code(project)}. ${ask}${rights}`;
}

/** To somebody who names a package that left its project. */
export function leavingPackage({ project, package: name, by, since, leftAt, deleteAt }: LeavingPackage): string {
  const goes = deleteAt === null ? 'stays' : `is deleted at ${time(deleteAt)}, unless it is stated there again before`;
  return `${code(name)} left ${code(project)} on ${since.slice(0, 10)}, with commit \`${leftAt.slice(0, 10)}\` by ${code(by)}: it is not built any more. What it has published ${goes}.`;
}

/** `packages`: those of that name, as `owner/project/package`; `verb`: what says something of one. */
export function unknownBuild(id: BuildId, packages: readonly string[] = [], verb = ''): string {
  const lines = packages.slice(0, maximumListed).map((name) => code(`/${verb} ${name}`));
  const meant = lines.length === 0 ? '' : ` A package has that name: ${lines.join(', ')} means it.`;
  return `There is no build ${id}.${meant} \`/status\` lists what waits and runs.`;
}

export function alreadyEnded(build: BuildView, url: string): string {
  return `[Build ${build.id}](${url}/${published.buildPage(build)}) has ended already: ${build.state}.`;
}

export function noConfig(): string {
  return 'The config repo has no config in force yet: no push to the default branch could be read without problems. The check "coppice / config" on its last commit says what is wrong.';
}

/** `/plan`, and options of `/build`, that mean nothing on a pull request. */
export function notOnPullRequests(): string {
  return 'That is not offered on a pull request: its check "coppice / config" shows the plan, and its builds are made as its files state. Ask on an issue for what is on the default branch.';
}

export function unknownPackages(
  missing: readonly { readonly name: string; readonly near: string | undefined }[],
  known: readonly string[],
  again?: string,
): string {
  const lines = missing.slice(0, maximumListed).map(({ name, near }) => {
    const meant = near === undefined ? '' : ` Did you mean ${code(near)}?`;
    return `There is no package ${code(name, 120)}.${meant}`;
  });
  const more = missing.length - lines.length;
  if (more > 0) lines.push(`${more} more are unknown too.`);
  return `${lines.join('\n')}\n\n${known.length === 0 ? 'No project has packages yet.' : `Known: ${list(known)}.`}${wholeLine(again)}`;
}

export function unknownProject(
  name: string,
  near: string | undefined,
  known: readonly string[],
  again?: string,
): string {
  const meant = near === undefined ? '' : ` Did you mean ${code(near)}?`;
  return `There is no project ${code(name, 120)}.${meant} Known: ${list(known)}.${wholeLine(again)}`;
}

/** To somebody who wanted builds. */
export function nothingQueued(why: string): string {
  return `${why} Nothing was queued.`;
}

/** What to write instead, ready to be pasted. */
function wholeLine(again: string | undefined): string {
  return again === undefined ? '' : ` Write ${code(again)} if so.`;
}

/** The names are projects, where a package is wanted. */
export function explainsNoProject(project: string, example: string | undefined): string {
  const one = example === undefined ? '' : `; ${code(`/explain ${project}/${example}`)} says it of one package`;
  return `${code(project)} is a project. ${code(`/plan --project ${project}`)} says what would be built of it and why${one}.`;
}

export function unknownChroot(
  name: string,
  near: string | undefined,
  project: string,
  known: readonly string[],
  again?: string,
): string {
  const meant = near === undefined ? '' : ` Did you mean ${code(near)}?`;
  return `${code(project)} is not built for ${code(name, 120)}.${meant} Its chroots: ${list(known)}.${wholeLine(again)}`;
}

/** `again`: the command for the first of the projects. */
export function ambiguous(
  packages: readonly string[],
  projects: readonly string[],
  inEach: boolean,
  again: string | undefined,
): string {
  const why = inEach ? 'Several projects have' : 'No single project has';
  const next = inEach
    ? `Say which one: ${code(again ?? `--project ${projects[0]}`)}.`
    : 'Write one command for each project.';
  return `${why} ${list(packages)}: ${list(projects)}. ${next}`;
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

export function whichProject(projects: readonly string[], again: string): string {
  const [first = 'owner/name'] = projects;
  return projects.length === 0
    ? 'There is no project yet.'
    : `Say which project: ${code(`${again} ${first}`)}. There are ${list(projects)}.`;
}

export function notEnded(id: BuildId): string {
  return `Build ${id} has not ended yet. \`/cancel ${id}\` stops it.`;
}

export function notInBuild(chroot: string, id: BuildId, known: readonly string[]): string {
  return `Build ${id} is not for ${code(chroot, 120)}. Its chroots: ${list(known)}.`;
}

/** A build of something that the config repo does not state: any more, or because a pull request proposes it. */
export function notStated(build: BuildView, project: string): string {
  const sandbox = readSandbox(build.project);
  if (sandbox !== undefined) {
    return `Build ${build.id} is one of pull request #${sandbox.pull}: *Re-run* on its check there builds it again.`;
  }
  return `${code(project)} does not state ${code(build.package)} any more, so build ${build.id} cannot be repeated.`;
}

export function twice(name: string): string {
  return `Two of these builds are of ${code(name)}. Name one of them. Nothing was queued.`;
}

export function noSource(id: BuildId): string {
  return `The record of build ${id} is gone, and with it the source that it was made of. \`/build\` builds what is stated now.`;
}

function wanted(again: string | undefined): string {
  return again === undefined ? '' : ` ${code(again)} asks for that.`;
}

/** `28800` → `8h`, in the units that options take. */
export function inUnits(seconds: number): string {
  const parts = [
    [Math.floor(seconds / 3600), 'h'],
    [Math.floor((seconds % 3600) / 60), 'm'],
    [seconds % 60, 's'],
  ] as const;
  const some = parts.filter(([number]) => number > 0);
  return some.length === 0 ? '0s' : some.map(([number, unit]) => `${number}${unit}`).join('');
}

/** `again`: the command with the longest that is allowed. */
export function timeoutTooLong(maximumSeconds: number, again: string | undefined): string {
  return `A build may take ${inUnits(maximumSeconds)} at most.${wanted(again)} Nothing was queued.`;
}

/** `again`: the command with the most that is allowed. */
export function memoryTooMuch(maximumBytes: number, again: string | undefined): string {
  return `A build may have ${Math.floor(maximumBytes / 2 ** 20)} MiB of memory at most.${wanted(again)} Nothing was queued.`;
}

export function afterFailed(id: BuildId, state: string): string {
  return `Build ${id} has ended already: ${state}. Nothing that waits for it would ever be built, so nothing was queued.`;
}

export function nothingToApprove(): string {
  return 'There is nothing to approve here. `/approve` is for pull requests; `/approve @login` grants what somebody has asked for with `/request`.';
}
