// The words after a command → plain words, flags and values, as a command line has them. Pure.
import { type BuildId, nearest, parseBuildId } from '@coppice/config';
import { code } from '../../reply/escape.ts';
import type { Command } from '../../vocabulary/command.ts';
import { withoutPunctuation } from './mend-line.ts';
import { unitPattern } from './read-amounts.ts';
import { lineOf } from './suggest.ts';

/** A command without the line that it was written as. */
export type Read = Command extends infer One ? (One extends Command ? Omit<One, 'line'> : never) : never;

/** An option's example value, empty where none would do what was meant; null for a flag, which has none. */
export type OptionTable = Readonly<Record<string, string | null>>;

export interface Words {
  /** All words as they were written, options included. */
  readonly written: readonly string[];
  /** Those of them that are options and their values. */
  readonly others: readonly string[];
  readonly words: readonly string[];
  /** Values by option, in their order; a flag that stands there has an empty list. */
  readonly options: ReadonlyMap<string, readonly string[]>;
}

/** Why the words are none, and a whole line to write instead. */
export interface Mistake {
  readonly kind: 'mistake';
  readonly why: string;
  readonly suggestion: string | undefined;
}

/** `--name value`, `--name=value` and `--flag`, in any order. Everything else is a word. */
export function readOptions(verb: string, typed: readonly string[], known: OptionTable): Words | Mistake {
  const written = joinUnits(typed.map(withoutPunctuation).filter((word) => word !== ''));
  const words: string[] = [];
  const others: string[] = [];
  const options = new Map<string, string[]>();
  const instead = (at: number, count: number, ...by: readonly string[]) =>
    lineOf(verb, written.toSpliced(at, count, ...by));
  for (let at = 0; at < written.length; at += 1) {
    const word = written[at] ?? '';
    const option = /^--([^=]*)(?:=(.*))?$/s.exec(word);
    if (option === null) {
      words.push(...word.split(',').filter((one) => one !== ''));
      continue;
    }
    others.push(word);
    const [, name = '', attached] = option;
    if (!Object.hasOwn(known, name)) {
      const near = nearest(name, Object.keys(known), 'strictly');
      const meant = attached === undefined ? `--${near}` : `--${near}=${attached}`;
      return mistake(optionsOf(verb, known), near === undefined ? undefined : instead(at, 1, meant));
    }
    const example = known[name] ?? null;
    const values = options.get(name) ?? [];
    options.set(name, values);
    if (example === null) {
      if (attached === undefined) continue;
      const isNo = /^(?:no|false|0|off)$/i.test(attached);
      return mistake(`${code(`--${name}`)} takes no value.`, instead(at, 1, ...(isNo ? [] : [`--${name}`])));
    }
    const value = attached ?? written[at + 1];
    if (value === undefined || value === '' || value.startsWith('--')) {
      const meant = example === '' ? undefined : instead(at, 1, `--${name}`, example);
      return mistake(`${code(`--${name}`)} wants a value.`, meant);
    }
    values.push(value);
    if (attached !== undefined) continue;
    others.push(value);
    at += 1;
  }
  return { written, others, words, options };
}

/** `--timeout 2 hours` is one value. */
function joinUnits(words: readonly string[]): readonly string[] {
  const joined: string[] = [];
  for (const word of words) {
    const last = joined.at(-1) ?? '';
    const isAmount = /^--(?:timeout|memory)$/.test(joined.at(-2) ?? '') || /^--(?:timeout|memory)=/.test(last);
    if (isAmount && /(?:^|=)[\d.,]+$/.test(last) && unitPattern.test(word)) joined.push(`${joined.pop()} ${word}`);
    else joined.push(word);
  }
  return joined;
}

function optionsOf(verb: string, known: OptionTable): string {
  const listed = Object.keys(known).map((option) => code(`--${option}`));
  return listed.length === 0 ? `\`/${verb}\` has no options.` : `The options of \`/${verb}\` are ${listed.join(', ')}.`;
}

export function mistake(why: string, suggestion: string | undefined): Mistake {
  return { kind: 'mistake', why, suggestion };
}

/** The number of a build, `42` or `#42`. */
export function readId(word: string): BuildId | undefined {
  return parseBuildId(word.replace(/^#/, ''));
}

/** Why a word that looks like the number of a build is none; undefined when it looks like none. */
export function oddNumber(words: readonly string[]): string | undefined {
  const odd = words.find((word) => /^#?[+-]?\d+$/.test(word) && readId(word) === undefined);
  return odd === undefined ? undefined : `There is no build ${code(odd, 60)}: builds are counted from 1.`;
}
