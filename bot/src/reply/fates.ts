// What becomes of projects, in words: for the checks of pushes and pull requests, and for `coppice plan`. Pure.
import { forHowLong } from '@coppice/config';
import type { Fate } from '../vocabulary/fate.ts';
import type { Leaving } from '../vocabulary/leaving.ts';
import { code, list } from './escape.ts';

type Deletion = Extract<Fate, { kind: 'deletes' }>;

/** `deletes acme/tools (2 packages, 4 builds)`, of as many as there are; undefined when nothing goes or moves. */
export function fateTitle(fates: readonly Fate[]): string | undefined {
  const gone = fates.filter((one) => one.kind === 'deletes' && !one.before) as readonly Deletion[];
  const apart = fates.filter((one) => one.kind === 'apart');
  const moved = fates.filter((one) => one.kind === 'renames');
  const kept = fates.filter((one) => one.kind === 'keeps');
  const total = (of: 'packages' | 'builds') => gone.reduce((sum, one) => sum + one[of], 0);
  const parts = [
    gone.length === 0
      ? ''
      : `deletes ${oneOr(gone, ({ project }) => project)} (${counted(total('packages'), 'package')}, ${counted(total('builds'), 'build')})`,
    apart.length === 0 ? '' : `cannot rename ${oneOr(apart, ({ from, to }) => `${from} to ${to}`)}`,
    moved.length === 0 ? '' : `renames ${oneOr(moved, ({ from, to }) => `${from} to ${to}`)}`,
    kept.length === 0 ? '' : `keeps ${oneOr(kept, ({ project }) => project)}`,
  ].filter((part) => part !== '');
  return parts.length === 0 ? undefined : parts.join('; ');
}

function oneOr<T>(some: readonly T[], name: (one: T) => string): string {
  const [only] = some;
  return some.length === 1 && only !== undefined ? name(only) : `${some.length} projects`;
}

const longestTitle = 250;

/** A title of a check that says what becomes of projects before what it says else, unless that is `nothing`. */
export function withFates(fates: readonly Fate[], title: string, nothing = 'Nothing to build'): string {
  const first = fateTitle(fates);
  if (first === undefined) return title;
  const all = title === nothing ? first : `${first}; ${title.charAt(0).toLowerCase()}${title.slice(1)}`;
  const text = `${all.charAt(0).toUpperCase()}${all.slice(1)}`;
  return text.length <= longestTitle ? text : `${text.slice(0, longestTitle - 1)}…`;
}

const maximumListed = 50;

/**
 * `pushed`: it is so now; `merged`: it will be so once it is merged, and what goes then is deleted so many seconds
 * afterwards. Empty when nothing becomes of any.
 */
export function fateNotes(fates: readonly Fate[], graceSeconds: number, when: 'pushed' | 'merged'): string {
  if (fates.length === 0) return '';
  const lines = fates.slice(0, maximumListed).map((fate) => `- ${inMarkdown(fate, graceSeconds, when)}`);
  const more = fates.length - lines.length;
  return [
    when === 'merged' ? 'Merging it' : 'This push',
    '',
    ...lines,
    ...(more > 0 ? [`- and ${more} more`] : []),
  ].join('\n');
}

function inMarkdown(fate: Fate, graceSeconds: number, when: 'pushed' | 'merged'): string {
  switch (fate.kind) {
    case 'deletes': {
      const what = `deletes ${code(fate.project)} (${sizeOf(fate)})`;
      const file = code(`projects/${fate.project}.yaml`);
      const renaming = `If it is to have another name instead, say ${code(`renamedFrom: ${fate.project}`)} in its new file`;
      const frozen =
        fate.frozen === true
          ? ` It is frozen: what it has published is out of reach until then, and ${code('/resolve')} brings it back only when its file is.`
          : '';
      if (fate.before)
        return `leaves ${code(fate.project)} (${sizeOf(fate)}) as it was: an earlier push took its file away, and it is deleted at ${time(fate.at)} unless ${file} is put back.${frozen}`;
      if (fate.at === null) return `${what} at once, with all that it has published.`;
      if (when === 'merged')
        return `${what}, ${forHowLong(graceSeconds)} after the merge, unless ${file} is put back before.${frozen} ${renaming}.`;
      return `${what}: all that it has published goes at ${time(fate.at)}. Until then everything stays, and ${file} put back keeps it, its key included.${frozen} ${renaming} by then; a project that has builds of its own cannot take these over. ${code(`/delete project ${fate.project}`)} deletes it at once.`;
    }
    case 'renames':
      return `renames ${code(fate.from)} to ${code(fate.to)}: what it has published moves along, its key included.`;
    case 'apart': {
      const [from, to] = [code(fate.from), code(fate.to)];
      return `does not rename ${from} to ${to}, as ${code(`projects/${fate.to}.yaml`)} says: ${to} has ${counted(fate.builds, 'build')} of its own, and those of two projects are never mixed. To keep what ${from} has, put ${code(`projects/${fate.from}.yaml`)} back. To have it under the new name, write ${code(`/delete project ${fate.to}`)}, which deletes what ${to} has built, and then push ${code(`projects/${fate.to}.yaml`)} again with ${code(`renamedFrom: ${fate.from}`)}, before ${from} is deleted.`;
    }
    case 'unfounded':
      return `makes ${code(fate.to)} a new project with nothing in it: it says ${code(`renamedFrom: ${fate.from}`)}, and there is no project of that name that could become it. Mend the name, or take the line out.`;
    case 'keeps':
      return `puts ${code(fate.project)} back: it is not deleted, and has what it had${outOfReach(fate)}.`;
    case 'drops': {
      const said = [
        fate.packages.length === 0
          ? ''
          : `drops ${list(fate.packages)} from ${code(fate.project)}: builds of ${oneOrAll(fate.packages)} that wait are canceled, and ${whatStays(fate, when)}.`,
        fate.chroots.length === 0
          ? ''
          : `${fate.packages.length === 0 ? 'drops' : 'Also drops'} the chroots ${list(fate.chroots)} from ${code(fate.project)}: nothing new is built there, and what is published stays${outOfReach(fate)}.`,
      ];
      return said.filter((part) => part !== '').join(' ');
    }
    case 'returns':
      return `puts ${list(fate.packages)} back into ${code(fate.project)}: what is published stays${outOfReach(fate)}.`;
    case 'key':
      return `says that the signing key of ${code(fate.project)} is ${code(fate.to)} (before: ${code(fate.from)}). The key that it has goes on signing; the next one is of that kind, which ${code(`coppice rotate-key ${fate.project}`)} on the machine of the service makes.`;
  }
}

/** Said where the newest commit is refused: it may be the one that was to put a file back. Empty: nothing leaves. */
export function waitingNote(leaving: readonly Leaving[]): string {
  if (leaving.length === 0) return '';
  const names = list(leaving.map(({ project }) => project));
  return `Nothing is deleted before a commit without problems is pushed: ${names} left with an earlier push, and would go then, unless it is back.`;
}

/** One line for a terminal. */
export function fateLine(fate: Fate): string {
  switch (fate.kind) {
    case 'deletes':
      return fate.before
        ? `${fate.project} (${sizeOf(fate)}) has left already and is deleted at ${time(fate.at)}${outOfReach(fate, 'until then')}`
        : `deletes ${fate.project} (${sizeOf(fate)})${outOfReach(fate, 'until then')}`;
    case 'renames':
      return `renames ${fate.from} to ${fate.to}`;
    case 'apart':
      return `does not rename ${fate.from} to ${fate.to}, which has ${counted(fate.builds, 'build')} of its own: put projects/${fate.from}.yaml back, or write \`/delete project ${fate.to}\` and push its file again`;
    case 'unfounded':
      return `makes ${fate.to} a new project: ${fate.from}, which its \`renamedFrom\` names, cannot become it`;
    case 'keeps':
      return `keeps ${fate.project}, which was leaving${outOfReach(fate)}`;
    case 'drops':
      return [
        fate.packages.length === 0
          ? ''
          : `drops from ${fate.project}: ${fate.packages.join(', ')} (${whatStays(fate, 'merged')})`,
        fate.chroots.length === 0
          ? ''
          : `drops from ${fate.project}: ${fate.chroots.join(', ')} (what is published stays${outOfReach(fate)})`,
      ]
        .filter((line) => line !== '')
        .join('\n');
    case 'returns':
      return `puts back into ${fate.project}: ${fate.packages.join(', ')} (what is published stays${outOfReach(fate)})`;
    case 'key':
      return `the next signing key of ${fate.project} is ${fate.to} (before: ${fate.from}): coppice rotate-key ${fate.project}`;
  }
}

function oneOrAll(packages: readonly string[]): string {
  return packages.length === 1 ? 'it' : 'them';
}

/** To stand behind what stays or goes. */
function outOfReach({ frozen }: { readonly frozen?: true }, howLong = 'while the project is frozen'): string {
  return frozen === true ? `, out of reach ${howLong}${howLong === 'until then' ? ', for it is frozen' : ''}` : '';
}

/**
 * What becomes of what packages have published that leave their project. Nothing of a frozen one goes, but the time
 * counts, so that it may be over when that is resolved.
 */
function whatStays(fate: Extract<Fate, { kind: 'drops' }>, when: 'pushed' | 'merged'): string {
  const { packages, keptSeconds, frozen } = fate;
  const [they, have, are] = packages.length === 1 ? ['it', 'has', 'is'] : ['they', 'have', 'are'];
  const what = `what ${they} ${have} published`;
  if (keptSeconds === null) return `${what} stays, as \`retention.removed\` says${outOfReach(fate)}`;
  const unless = `unless ${they} ${are} back by that time`;
  if (frozen === true) {
    const resolved = `${what} stays${outOfReach(fate)}. Once \`/resolve\` ends that, it goes`;
    if (keptSeconds === 0) return `${resolved} at once, as \`retention.removed\` says, ${unless}`;
    const from = when === 'pushed' ? 'this push' : 'the packages left';
    return `${resolved} ${forHowLong(keptSeconds)} after ${from}, or at once when these are over, ${unless}`;
  }
  if (keptSeconds === 0) return `${what} goes at once, as \`retention.removed\` says`;
  return `${what} stays for ${forHowLong(keptSeconds)} and goes then, ${unless}`;
}

function sizeOf({ packages, builds }: Deletion): string {
  return `${counted(packages, 'package')}, ${counted(builds, 'build')}`;
}

const counted = (n: number, what: string) => `${n} ${what}${n === 1 ? '' : 's'}`;

/** `2026-01-31 15:04 UTC`, rounded up: nothing happens before. */
export function time(iso: string | null): string {
  if (iso === null) return 'once';
  return `${new Date(Math.ceil(Date.parse(iso) / 60_000) * 60_000).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
