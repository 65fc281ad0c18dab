// The words after a command → plain words, flags and values, as a command line has them. Pure.
import { type BuildId, nearest, parseBuildId } from '@coppice/config';
import { code } from '../../reply/escape.ts';
import type { Command } from '../../vocabulary/command.ts';

/** A command without the line that it was written as. */
export type Read = Command extends infer One ? (One extends Command ? Omit<One, 'line'> : never) : never;

/** An option's example value; null for a flag, which has none. */
export type OptionTable = Readonly<Record<string, string | null>>;

export interface Words {
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
export function readOptions(verb: string, written: readonly string[], known: OptionTable): Words | Mistake {
  const words: string[] = [];
  const options = new Map<string, string[]>();
  for (let at = 0; at < written.length; at += 1) {
    const word = written[at] ?? '';
    const option = /^--([^=]*)(?:=(.*))?$/s.exec(word);
    if (option === null) {
      if (word !== '') words.push(word);
      continue;
    }
    const [, name = '', attached] = option;
    if (!Object.hasOwn(known, name)) return unknownOption(verb, name, known);
    const example = known[name] ?? null;
    const values = options.get(name) ?? [];
    options.set(name, values);
    if (example === null) {
      if (attached === undefined) continue;
      return mistake(`${code(`--${name}`)} takes no value.`, `/${verb} --${name}`);
    }
    const value = attached ?? written[++at];
    if (value === undefined || value === '' || value.startsWith('--')) {
      return mistake(`${code(`--${name}`)} wants a value.`, `/${verb} --${name} ${example}`);
    }
    values.push(value);
  }
  return { words, options };
}

function unknownOption(verb: string, name: string, known: OptionTable): Mistake {
  const names = Object.keys(known);
  const near = nearest(name, names, 'strictly');
  const listed = names.map((option) => code(`--${option}`)).join(', ');
  const why = names.length === 0 ? `\`/${verb}\` has no options.` : `The options of \`/${verb}\` are ${listed}.`;
  return mistake(why, near === undefined ? undefined : `/${verb} --${near}${known[near] === null ? '' : ' …'}`);
}

export function mistake(why: string, suggestion: string | undefined): Mistake {
  return { kind: 'mistake', why, suggestion };
}

/** The number of a build, `42` or `#42`. */
export function readId(word: string): BuildId | undefined {
  return parseBuildId(word.replace(/^#/, ''));
}
