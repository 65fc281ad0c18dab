import type { SrpmHashes } from './copr-source.ts';
import type { GitLooks } from './git-looks.ts';
import type { Trial } from './trial.ts';

// What an import says about each thing that it read: nothing is dropped without a word.

/**
 * - `converted`: Coppice has it now, in the place that the text names.
 * - `no-equal`: Coppice needs no such thing; the text says why, or what takes its place.
 * - `person`: somebody has to decide or to do something; the text says what.
 * - `left-out`: it was there and is not in what was written; the text says why and what helps.
 */
export type FateKind = 'converted' | 'no-equal' | 'person' | 'left-out';

/** What became of one key, package or repository. `what` and `text` are one line of printable text each. */
export interface Fate {
  readonly what: string;
  readonly kind: FateKind;
  readonly text: string;
}

const maximumLength = 300;

/**
 * Outside text as one line, at most 300 characters: safe in a comment and on a terminal. Control and direction signs,
 * and the one that stands for what is no UTF-8, become `?`.
 */
export function oneLine(text: string): string {
  const line = text
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/[\p{C}\ufffd]/gu, '?')
    .trim();
  return line.length > maximumLength ? `${line.slice(0, maximumLength - 1)}…` : line;
}

/** A fate with both texts made safe. */
export function fate(kind: FateKind, what: string, text: string): Fate {
  return { kind, what: oneLine(what), text: oneLine(text) };
}

const titles: Readonly<Record<FateKind, string>> = {
  converted: 'Converted',
  'no-equal': 'Not needed here, and what takes its place',
  person: 'For a person to do',
  'left-out': 'Left out',
};

/** Pure: the fates of the given kinds, a title above each kind; '' when there are none. */
export function renderFates(fates: readonly Fate[], kinds: readonly FateKind[]): string {
  return kinds
    .flatMap((kind) => {
      const lines = fates.filter((one) => one.kind === kind).map(({ what, text }) => `  ${what}: ${text}`);
      return lines.length === 0 ? [] : [[`${titles[kind]}:`, ...lines].join('\n')];
    })
    .join('\n');
}

/** What a project is converted for. */
export interface ConvertContext {
  /** GitHub logins: Copr's accounts are others. At least one. */
  readonly maintainers: readonly string[];
  /** `owner/project` of the projects that the config repo has. */
  readonly imported: ReadonlySet<string>;
  readonly hashes: SrpmHashes;
  readonly looks: GitLooks;
  readonly trial: Trial;
}
