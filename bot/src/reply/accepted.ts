// What is said about what a plan leaves out. Pure.
import { quietReason, type SkippedBuild } from '@coppice/config';
import { sentence } from './escape.ts';

const maximumListed = 50;
/** So many that nobody has to do anything about are named; more are counted. */
const maximumQuiet = 10;

/**
 * What was left out and why, what needs a person first; empty when nothing was. `builds`: what was not left out. Where
 * more than one project is concerned packages are named with theirs.
 */
export function skippedNotes(skipped: readonly SkippedBuild[], builds: readonly InProject[] = []): string {
  if (skipped.length === 0) return '';
  const isOne = new Set([...skipped, ...builds].map(({ owner, project }) => `${owner}/${project}`)).size === 1;
  const line = (one: SkippedBuild) => lineOf(one, isOne);
  const groups = Map.groupBy(skipped, ({ why }) => quietReason(why) ?? 'person');
  const forPeople = groups.get('person') ?? [];
  const quiet = skipped.filter(({ why }) => quietReason(why) !== undefined);
  const more = forPeople.length - maximumListed;
  const lines = [
    ...forPeople.slice(0, maximumListed).map(line),
    ...(more > 0 ? [`- and ${more} more that need somebody`] : []),
    ...(quiet.length <= maximumQuiet ? quiet.map(line) : counts(groups)),
  ];
  return ['Not built:', '', ...lines].join('\n');
}

type InProject = Pick<SkippedBuild, 'owner' | 'project'>;

function lineOf({ owner, project, package: name, chroot, why }: SkippedBuild, isShort: boolean): string {
  return `- \`${isShort ? name : `${owner}/${project}/${name}`}\`${chroot === null ? '' : ` for \`${chroot}\``}: ${sentence(why)}`;
}

/** `70 packages unchanged, counted for each chroot 210`, a line for each kind. */
function counts(groups: ReadonlyMap<string, readonly SkippedBuild[]>): readonly string[] {
  const words = { unchanged: 'unchanged', building: 'being built already', resting: 'for chroots that are not active' };
  return Object.entries(words).flatMap(([kind, text]) => {
    const all = groups.get(kind) ?? [];
    if (all.length === 0) return [];
    const packages = new Set(all.map(({ owner, project, package: name }) => `${owner}/${project}/${name}`)).size;
    const chroots = all.length === packages ? '' : `, counted for each chroot ${all.length}`;
    return [`- ${packages} ${packages === 1 ? 'package' : 'packages'} ${text}${chroots}`];
  });
}

export function nothingToDo(skipped: readonly SkippedBuild[]): string {
  const notes = skippedNotes(skipped);
  return notes === '' ? 'There is nothing to do: no packages are selected.' : `There is nothing to do.\n\n${notes}`;
}
