// What becomes of projects, in words: for the checks of pushes and pull requests, and for `coppice plan`. Pure.
import { forHowLong, published } from '@coppice/config';
import type { Fate, PolicyChange, UserChange } from '../vocabulary/fate.ts';
import type { Leaving } from '../vocabulary/leaving.ts';
import { code, list } from './escape.ts';
import { addRepositoryLines } from './progress.ts';

type Deletion = Extract<Fate, { kind: 'deletes' }>;

/** `deletes acme/tools (2 packages, 4 builds)`, of as many as there are; undefined when nothing goes or moves. */
export function fateTitle(fates: readonly Fate[]): string | undefined {
  const gone = fates.filter((one) => one.kind === 'deletes' && !one.before) as readonly Deletion[];
  const apart = fates.filter((one) => one.kind === 'apart');
  const moved = fates.filter((one) => one.kind === 'renames');
  const kept = fates.filter((one) => one.kind === 'keeps');
  const due = packagesDeleted(fates);
  const later = fates.filter((one) => one.kind === 'retimes').filter((one) => !one.due);
  const shown = fates.filter((one) => one.kind === 'shows');
  const total = (of: 'packages' | 'builds') => gone.reduce((sum, one) => sum + one[of], 0);
  const parts = [
    gone.length === 0
      ? ''
      : `deletes ${oneOr(gone, ({ project }) => project)} (${counted(total('packages'), 'package')}, ${counted(total('builds'), 'build')})`,
    due.length === 0 ? '' : `deletes what ${due.length > 3 ? `${due.length} packages` : due.join(', ')} published`,
    apart.length === 0 ? '' : `cannot rename ${oneOr(apart, ({ from, to }) => `${from} to ${to}`)}`,
    moved.length === 0 ? '' : `renames ${oneOr(moved, ({ from, to }) => `${from} to ${to}`)}`,
    kept.length === 0 ? '' : `keeps ${oneOr(kept, ({ project }) => project)}`,
    later.length === 0 ? '' : `changes when what left ${oneOr(later, ({ project }) => project)} goes`,
    shown.length === 0 ? '' : `changes what users of ${oneOr(shown, ({ project }) => project)} see`,
    fates.some(({ kind }) => kind === 'policy') ? 'changes the policy' : '',
  ].filter((part) => part !== '');
  return parts.length === 0 ? undefined : parts.join('; ');
}

/** All of which what they have published goes at once, although their projects stay. */
function packagesDeleted(fates: readonly Fate[]): readonly string[] {
  return fates.flatMap((one) => {
    if (one.kind === 'retimes') return one.due ? one.packages : [];
    return one.kind === 'drops' && one.keptSeconds === 0 && one.frozen !== true ? one.packages : [];
  });
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

/** Where what becomes of projects is said. */
interface Telling {
  /** `pushed`: it is so now; `merged`: it will be so once it is merged. */
  readonly when: 'pushed' | 'merged';
  /** So long after a merge what goes is deleted. */
  readonly graceSeconds: number;
  /** Address of the service, without a slash at the end. */
  readonly url: string;
}

/** Empty when nothing becomes of any. */
export function fateNotes(fates: readonly Fate[], telling: Telling): string {
  if (fates.length === 0) return '';
  const { when } = telling;
  const lines = fates.slice(0, maximumListed).map((fate) => `- ${inMarkdown(fate, telling)}`);
  const more = fates.length - lines.length;
  return [
    when === 'merged' ? 'Merging it' : 'This push',
    '',
    ...lines,
    ...(more > 0 ? [`- and ${more} more`] : []),
  ].join('\n');
}

function inMarkdown(fate: Fate, { when, graceSeconds, url }: Telling): string {
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
      return renaming(fate, url);
    case 'apart': {
      const [from, to] = [code(fate.from), code(fate.to)];
      const files = `${code(`projects/${fate.to}.yaml`)} and ${code(`packages/${fate.to}/`)}`;
      return `does not rename ${from} to ${to}, as ${code(`projects/${fate.to}.yaml`)} says: ${to} has ${counted(fate.builds, 'build')} of its own, and those of two projects are never mixed. To keep what ${from} has, put ${code(`projects/${fate.from}.yaml`)} back. To have it under the new name, do this before ${from} is deleted: write ${code(`/delete project ${fate.to}`)}, which deletes what ${to} has built and makes a commit that takes ${files} away; then bring both back as they are now, with ${code(`renamedFrom: ${fate.from}`)}: ${code('git revert')} of that commit, pushed, does.`;
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
    case 'retimes':
      return retiming(fate, code, list);
    case 'shows':
      return fate.changes.map((change) => `${userChange(change, fate.project, code)}.`).join('\n- ');
    case 'policy':
      return fate.changes.map((change) => `${policyChange(change, code)}.`).join('\n- ');
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
      return `renames ${fate.from} to ${fate.to}: its users must add the repository again`;
    case 'apart':
      return `does not rename ${fate.from} to ${fate.to}, which has ${counted(fate.builds, 'build')} of its own: put projects/${fate.from}.yaml back, or write \`/delete project ${fate.to}\` and revert the commit that this makes`;
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
    case 'retimes':
      return retiming(fate, inWords, (names) => names.join(', '));
    case 'shows':
      return fate.changes.map((change) => userChange(change, fate.project, inWords)).join('\n');
    case 'policy':
      return fate.changes.map((change) => policyChange(change, inWords)).join('\n');
    case 'key':
      return `the next signing key of ${fate.project} is ${fate.to} (before: ${fate.from}): coppice rotate-key ${fate.project}`;
  }
}

/** For a terminal, where nothing is marked up. */
const inWords = (text: string) => text;
type Mark = (text: string) => string;

/** What it has published moves; the addresses that users have do not. */
function renaming({ from, to, chroots }: Extract<Fate, { kind: 'renames' }>, url: string): string {
  const moves = `renames ${code(from)} to ${code(to)}: what it has published moves along, its key included.`;
  const [owner = '', name = ''] = to.split('/');
  const [chroot] = chroots;
  if (chroot === undefined) return moves;
  const address = `${url}/${published.ownRepo(owner, name, chroot)}`;
  const lines = ['```sh', ...addRepositoryLines(address).split('\n'), '```'].map((line) => `  ${line}`).join('\n');
  return `${moves} Nothing is left at its old addresses: dnf passes over a repository that answers nothing, so **its users get no updates, and are not told, until they add it again**, for ${code(chroot)} with\n\n${lines}\n`;
}

/** What left before goes at another time. */
function retiming(fate: Extract<Fate, { kind: 'retimes' }>, mark: Mark, all: (names: readonly string[]) => string) {
  const { packages, project, before, at, due, frozen } = fate;
  const [have, back] = packages.length === 1 ? ['has', 'it is'] : ['have', 'they are'];
  const what = `what ${all(packages)}, which left ${mark(project)} before, ${have} published`;
  if (due) return `deletes ${what}, at once${was(before)}`;
  if (at !== null) return `says that ${what} goes on ${time(at)}${was(before)}, unless ${back} back by that time`;
  if (frozen === true) return `says that nothing goes of ${what} while the project is frozen${was(before)}`;
  return `says that ${what} stays${was(before)}`;
}

function was(before: string | null): string {
  return before === null ? ' (before: it stayed)' : ` (before: on ${time(before)})`;
}

function userChange(change: UserChange, project: string, mark: Mark): string {
  const of = mark(project);
  switch (change.what) {
    case 'publish':
      return `${publishing[change.to](of)} (${mark(`publish: ${change.to}`)}, before: ${mark(change.from)})`;
    case 'option': {
      const [from, to] = [change.from ?? 'not said', change.to ?? 'not said'];
      return `changes the ${mark('.repo')} files of ${of}: ${mark(change.name)} ${from} → ${to}. Who has added it gets that by adding it again`;
    }
    case 'metadata':
      if (change.to === null) return `takes ${mark(`metadata: ${change.name}`)} out of the repositories of ${of}`;
      return `shows users of ${of} ${mark(change.to)} as ${mark(`metadata: ${change.name}`)}${change.from === null ? '' : `, in place of ${mark(change.from)}`}`;
    case 'needed': {
      const { added, removed } = change;
      const names = (some: readonly string[]) => named(some, mark);
      const parts = [
        added.length === 0 ? '' : `with ${names(added)}`,
        removed.length === 0 ? '' : `without ${names(removed)}`,
      ].filter((part) => part !== '');
      return `changes the ${mark('.repo')} files of ${of}: ${parts.join(', ')}. Who has added it gets that by adding it again`;
    }
    case 'frozen':
      return change.frozen
        ? `freezes ${of}: what it has published is out of reach of its users at once, and nothing of it is built`
        : `ends that ${of} is frozen: its users reach what it has published again`;
    case 'last day':
      return change.to === null
        ? `takes the last day of ${of} away (before: ${change.from}): it is not deleted`
        : `says that ${of} is deleted on ${change.to}, with all that it has published${change.from === null ? '' : ` (before: on ${change.from})`}`;
  }
}

const publishing = {
  each: (of: string) => `publishes what waits of ${of} at once, and from now on each build when it has ended`,
  batch: (of: string) =>
    `publishes what waits of ${of} when no build of its batch is under way, and from now on each batch when it has ended`,
  manual: (of: string) => `lets what is built of ${of} from now on wait until somebody writes ${'`/publish`'}`,
} as const;

function named(names: readonly string[], mark: Mark): string {
  const shown = names.slice(0, maximumNamed).map(mark);
  return [...shown, ...(names.length > shown.length ? [`${names.length - shown.length} more`] : [])].join(', ');
}

const maximumNamed = 10;

function policyChange({ key, from, to }: PolicyChange, mark: Mark): string {
  return `changes ${mark(key)} for projects that say nothing else: ${from} → ${to}${policyMeans(key)}`;
}

function policyMeans(key: string): string {
  if (key.startsWith('signing.')) return ', for keys that are made from now on';
  if (key === 'retention.removed') return ', also for packages that left before';
  return ', which the next pass of retention goes by';
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
