// Answers to /publish and /rollback: what changes for users, or why nothing does. Pure.
import type { Switched, SwitchOutcome, SwitchRefusal, Waiting } from '@coppice/builder-runner/runner';
import { compareEvr, type Project, projectKey } from '@coppice/config';
import { code, list, plain } from './escape.ts';

type Named = Pick<Project, 'owner' | 'name' | 'publish'>;

export function published(project: Named, outcome: SwitchOutcome): string {
  const key = code(projectKey(project));
  if (outcome.kind !== 'switched') return refused(key, outcome);
  if (outcome.repositories.length > 0) return [`${key} is published.`, ...changesOf(outcome)].join('\n\n');
  const rest: Readonly<Record<Project['publish'], string>> = {
    each: 'It publishes each build at once: `publish: manual` in its file lets builds wait.',
    batch: 'It publishes a batch when its last build has ended.',
    manual: 'What is built from now on waits for the next `/publish`.',
  };
  return `Nothing of ${key} waits to be published. ${rest[project.publish]}`;
}

export function rolledBack(project: Named, outcome: SwitchOutcome): string {
  const key = code(projectKey(project));
  if (outcome.kind !== 'switched') return refused(key, outcome);
  const goesDown = outcome.repositories.some(({ changes }) =>
    changes.some(({ before, after }) => before !== null && after !== null && compareEvr(after, before) < 0),
  );
  return [
    `Users of ${key} see again what they saw before. ${code(`/rollback ${projectKey(project)}`)} once more takes that back.`,
    ...changesOf(outcome),
    ...(goesDown ? ['Who has installed a newer version keeps it until `dnf distro-sync`.'] : []),
  ].join('\n\n');
}

/** What of a project waits to be published; empty when nothing does. */
export function waits(project: Named, waiting: readonly Waiting[]): string {
  if (waiting.length === 0) return '';
  const key = projectKey(project);
  const how =
    project.publish === 'batch'
      ? 'Waits until the last build of its batch has ended:'
      : `Waits for ${code(`/publish ${key}`)}, users do not see it yet:`;
  return [how, ...waiting.map((one) => changesUnder(`${code(one.chroot)}:`, one))].join('\n\n');
}

/** The same in a sentence, of one package or of a whole project. */
export function waitsInShort(project: Named, waiting: readonly Waiting[], name?: string): string {
  const of = (one: Waiting) => one.changes.filter((change) => name === undefined || change.package === name);
  const packages = new Set(waiting.flatMap((one) => of(one).map((change) => change.package)));
  if (packages.size === 0) return '';
  const what = list([...packages]);
  const wait = packages.size === 1 ? 'waits' : 'wait';
  if (project.publish === 'batch') return `${what} ${wait} until the last build of the batch has ended.`;
  return `${what} ${wait} for ${code(`/publish ${projectKey(project)}`)}: users do not see that yet.`;
}

/** Generations are counted for each chroot by itself. */
export function numbersOfOneChroot(to: number, project: string, chroots: readonly string[]): string {
  const again = code(`/rollback ${to} ${project} --chroot ${chroots[0]}`);
  return `Generations are counted for each chroot by itself, so say which one is meant: ${again}. ${code(project)} has ${list(chroots)}.`;
}

function changesOf({ repositories, left }: Extract<SwitchOutcome, { kind: 'switched' }>): readonly string[] {
  const unchanged = left.length === 0 ? [] : [`As before: ${list(left)}.`];
  return [...repositories.map(describe), ...unchanged];
}

/** So many packages of each kind are named. */
const maximumNamed = 30;

function describe({ chroot, from, to, returnsTo, changes, changed }: Switched): string {
  const numbers = from === null ? `generation ${to}` : `generation ${from} → ${to}`;
  const again = returnsTo === null ? '' : `, which is ${returnsTo} again`;
  const head = `${code(chroot)}: ${numbers}${again}`;
  if (changed === 0) return `${head}. No package changes.`;
  return changesUnder(head, { changes, changed });
}

function changesUnder(head: string, { changes, changed }: Pick<Switched, 'changes' | 'changed'>): string {
  const groups = Object.groupBy(changes, kindOf);
  const lines = kinds.flatMap((kind) => {
    const all = groups[kind] ?? [];
    if (all.length === 0) return [];
    const shown = all
      .slice(0, maximumNamed)
      .map((change) => `${code(change.package)} ${versions(change)}${goes(change)}`);
    const more = all.length > shown.length ? [`and ${all.length - shown.length} more`] : [];
    return [`- ${kind}: ${[...shown, ...more].join(', ')}`];
  });
  const unnamed = changed > changes.length ? [`- and ${changed - changes.length} more changes`] : [];
  return [head, ...lines, ...unnamed].join('\n');
}

const kinds = ['added', 'removed', 'up', 'down', 'built again'] as const;
type Kind = (typeof kinds)[number];
type Change = Switched['changes'][number];

function kindOf({ before, after }: Change): Kind {
  if (before === null) return 'added';
  if (after === null) return 'removed';
  const order = compareEvr(before, after);
  if (order === 0) return 'built again';
  return order < 0 ? 'up' : 'down';
}

function versions({ before, after }: Change): string {
  if (before === null || after === null || before === after) return code(after ?? before ?? '');
  return `${code(before)} → ${code(after)}`;
}

/** Binary packages that users lose: of another name than the package, or while it stays. */
function goes({ package: name, after, gone = [] }: Change): string {
  const told = after === null ? gone.filter((one) => one !== name) : gone;
  return told.length === 0 ? '' : ` (${after === null ? 'with' : 'without'} ${list(told)})`;
}

function refused(key: string, outcome: Exclude<SwitchOutcome, { kind: 'switched' }>): string {
  if (outcome.kind === 'frozen') return `${key} is frozen: it publishes nothing.`;
  if (outcome.why.length === 0) return `${key} has no repository yet: nothing was built.`;
  return `${outcome.why.map(reason).join('\n')}\n\nNothing was changed.`;
}

function reason(why: SwitchRefusal): string {
  const chroot = code(why.chroot);
  switch (why.kind) {
    case 'nothing-before':
      return `${chroot}: users have seen nothing else before.`;
    case 'shown-now':
      return `${chroot}: users see what generation ${why.to} has already.`;
    case 'not-kept': {
      return `${chroot}: generation ${why.to} is not kept, or users never saw it. ${others(why.kept)}`;
    }
    case 'gone': {
      const builds = why.builds.slice(0, 20).map(nameBuild);
      const more = why.builds.length > builds.length ? ` and ${why.builds.length - builds.length} more` : '';
      return `${chroot}: generation ${why.to} has packages that are deleted: ${builds.join(', ')}${more}. ${others(why.kept)}`;
    }
    case 'damaged':
      return `${chroot}: the generation cannot be read: ${plain(why.why)}. Go back to another one.`;
  }
}

function others(kept: readonly number[]): string {
  if (kept.length === 0) return 'There is no other one to go back to: build what is missing again.';
  return `These can be returned to: ${kept.map((number) => code(`/rollback ${number}`)).join(', ')}.`;
}

/** Of a folder `<00000042>-<package>`. */
function nameBuild(folder: string): string {
  const [, number = '', name = folder] = /^0*(\d+)-(.+)$/s.exec(folder) ?? [];
  return `${code(name)} (build ${number})`;
}
