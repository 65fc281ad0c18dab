// What is said about what a plan leaves out. Pure.
import type { SkippedBuild } from '@coppice/config';
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
export function sentence(why: string): string {
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
