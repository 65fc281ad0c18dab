// What to write instead of a mistake: the whole line as it was meant, proven by reading it again. Pure.
import type { Command } from '../../vocabulary/command.ts';
import { commandLines } from './comment-lines.ts';

/**
 * Stands for something of this service that the parser does not know; decide/instead.ts puts it there.
 * `projectNamed`: the project that has this name, whoever owns it.
 */
export const blank = {
  chroot: '<chroot>',
  project: '<owner/project>',
  projectNamed: (name: string) => `<owner/${name}>`,
} as const;

/** A command line of these words, quoted so that they are read as the same words. */
export function lineOf(verb: string, words: readonly string[]): string {
  return [`/${verb}`, ...words.map(quoted)].join(' ');
}

/** The same with one word in place of another; undefined when that does not stand there by itself. */
export function lineWith(verb: string, words: readonly string[], word: string, by: string): string | undefined {
  const at = words.indexOf(word);
  return at === -1 ? undefined : lineOf(verb, words.with(at, by));
}

/** Several commands, each on a line of its own. */
export function linesOf(verb: string, each: readonly (readonly string[])[]): string {
  return each.map((words) => lineOf(verb, words)).join('\n');
}

function quoted(word: string): string {
  return /^[^\s'"]+$/.test(word) ? word : `"${word.replaceAll('"', `"'"'"`)}"`;
}

/** The words with one value of an option in place of all that were given. */
export function withOption(words: readonly string[], name: string, value: string): readonly string[] {
  const kept: string[] = [];
  let placed = false;
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    const isOption = word === `--${name}` || word.startsWith(`--${name}=`);
    if (!isOption) kept.push(word);
    else if (!placed) kept.push(`--${name}`, value);
    if (isOption) placed = true;
    if (word === `--${name}`) at += 1;
  }
  return kept;
}

type Mistake = Extract<Command, { readonly kind: 'mistake' }>;

const maximumRounds = 8;

/**
 * The mistake with all others of its line, and a suggestion that is none: what is suggested is read in turn, and is
 * left out when it does not come to a command, or would be another text as Markdown.
 */
export function settle(first: Mistake, read: (line: string) => Command | undefined): Mistake {
  const whys = [first.why];
  let { suggestion } = first;
  for (let round = 0; suggestion !== undefined && round < maximumRounds; round += 1) {
    const lines = suggestion.split('\n');
    const found = lines.map(read);
    const [again] = found;
    if (lines.length === 1 && again?.kind === 'mistake') {
      if (!whys.includes(again.why)) whys.push(again.why);
      suggestion = again.suggestion === suggestion ? undefined : again.suggestion;
      continue;
    }
    const isGood = found.every((one) => one !== undefined && one.kind !== 'mistake') && survivesMarkdown(suggestion);
    return { ...first, why: whys.join(' '), suggestion: isGood ? suggestion : undefined };
  }
  return { ...first, why: whys.join(' '), suggestion: undefined };
}

/** Longer ones with signs of Markdown are not parsed: that may take long. */
const parsedLength = 300;

/** All lines together: a sign of Markdown may reach from one to the next. */
function survivesMarkdown(suggestion: string): boolean {
  const filled = suggestion.replace(/<(?:chroot|owner\/[\w.+-]+)>/g, 'x');
  if (!/[*`~<>[\]\\&]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])| {2}/.test(filled)) return true;
  return filled.length <= parsedLength && commandLines(filled).join('\n') === filled;
}
