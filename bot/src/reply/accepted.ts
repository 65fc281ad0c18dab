// What is said about a plan: in answers, in the check on the commit. Pure.
import { describePinnedSource, type Plan, type SkippedBuild } from '@coppice/config';
import { code, plain } from './escape.ts';

const maximumListed = 50;

/** What was left out and why; empty when nothing was. */
export function skippedNotes(skipped: readonly SkippedBuild[]): string {
  if (skipped.length === 0) return '';
  const lines = skipped.slice(0, maximumListed).map((one) => {
    const where = one.chroot === null ? '' : ` for \`${one.chroot}\``;
    return `- \`${one.package}\`${where}: ${sentence(one.why)}`;
  });
  const more = skipped.length - lines.length;
  return ['Not built:', '', ...lines, ...(more > 0 ? [`- and ${more} more`] : [])].join('\n');
}

/** The plan's sentences quote commands in backticks; what else is in them is plain text. */
function sentence(why: string): string {
  return why
    .split('`')
    .map((part, at) =>
      at % 2 === 1
        ? code(part)
        : `${part.startsWith(' ') ? ' ' : ''}${plain(part)}${part.endsWith(' ') && part.trim() !== '' ? ' ' : ''}`,
    )
    .join('');
}

export function nothingToDo(skipped: readonly SkippedBuild[]): string {
  const notes = skippedNotes(skipped);
  return notes === '' ? 'There is nothing to do: no packages are selected.' : `There is nothing to do.\n\n${notes}`;
}

/** The title and summary of the check "coppice / config" on a commit without problems. `ids` are the numbers of the planned builds. */
export function planSummary(plan: Plan, ids: readonly number[]): { readonly title: string; readonly summary: string } {
  const n = plan.builds.length;
  const title = n === 0 ? 'Nothing to build' : `${n} ${n === 1 ? 'build' : 'builds'} queued`;
  const rows = plan.builds.slice(0, 200).map((build, at) => {
    const chroots = build.chroots.map(({ chroot, cause }) => `\`${chroot}\` (${cause})`).join(', ');
    const after = build.after
      .map((index) => ids[index] ?? '?')
      .concat(build.afterBuilds)
      .join(', ');
    return `| ${ids[at] ?? ''} | \`${build.owner}/${build.project}\` | \`${build.package}\` | ${chroots} | ${after} | ${cell(describePinnedSource(build.source))} |`;
  });
  const table =
    n === 0
      ? ''
      : ['| Build | Project | Package | Chroots | After | Source |', '|--:|---|---|---|---|---|', ...rows].join('\n');
  const more = n > rows.length ? `${n - rows.length} more builds are not listed.` : '';
  return {
    title,
    summary:
      [table, more, skippedNotes(plan.skipped)].filter((part) => part !== '').join('\n\n') ||
      'The config has no packages to build.',
  };
}

/** Plain text in a table: `plain` has escaped the bars. */
function cell(text: string): string {
  return plain(text);
}
