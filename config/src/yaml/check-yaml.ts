// Checks a YAML file against a zod schema: the typed value, or plain sentences with the places where the file is wrong.
import { z } from 'zod';
import { nearest } from '../words/nearest.ts';
import type { Problem } from '../words/problem.ts';
import { quote } from '../words/quote.ts';
import { durationHint } from '../words/units.ts';
import type { YamlFile, YamlPath } from './read-nodes.ts';

/** What `checkYaml` gives: the value when the file has no problem of its own. */
export interface Checked<T> {
  readonly value: T | undefined;
  readonly problems: readonly Problem[];
}

/**
 * A problem at a place of a file; `at` names the value, or with `key` the key before it. A hint that takes long to find
 * is given as a function, and found when somebody reads it: a hostile file has problems that nobody reads.
 */
export function problemAt(
  file: YamlFile,
  at: YamlPath,
  message: string,
  hint: string | (() => string),
  place?: 'key',
): Problem {
  const { line, column } = place === 'key' ? file.keyAt(at) : file.valueAt(at);
  const { path } = file;
  if (typeof hint === 'string') return { path, line, column, message, hint };
  return {
    ...{ path, line, column, message },
    get hint() {
      return hint();
    },
  };
}

/** A hint for a word that is not among the known ones. `what` names those in a sentence. */
export function didYouMean(word: string, known: readonly string[], what: string): string {
  const near = nearest(word, known);
  if (near !== undefined) return `did you mean \`${near}\`?`;
  return known.length === 0 ? `there are no ${what}` : `${what}: ${known.slice(0, 20).join(', ')}`;
}

/**
 * All problems at once. Schemas of ours give as `error` what they expect ("a list of chroot names"); the sentence is
 * made here. Their own rules add `custom` issues, with the whole sentence as message and a hint in `params.hint`.
 */
export function checkYaml<T>(schema: z.ZodType<T>, file: YamlFile): Checked<T> {
  const result = schema.safeParse(file.value, {
    reportInput: true,
    error: (issue) => {
      if (issue.code !== 'unrecognized_keys') return undefined;
      const shape = shapeOf(issue.inst);
      // Only here the schema is known: the message, which nobody else writes for this code, carries its keys.
      return JSON.stringify({ known: Object.keys(shape), places: placesOf(issue.keys, shape, shapeOf(schema)) });
    },
  });
  if (result.success) return { value: result.data, problems: [] };
  if (file.value === null) return { value: undefined, problems: [emptyFile(file, schema)] };
  // What stands in an anchor is found again wherever an alias repeats it, at the one place where it can be mended.
  const problems = new Map<string, Problem>();
  for (const problem of result.error.issues.flatMap((issue) => explainIssue(issue, file, []))) {
    problems.set(`${problem.line}:${problem.column}:${problem.message}`, problem);
  }
  return { value: undefined, problems: [...problems.values()] };
}

interface Wrapped {
  readonly _zod?: {
    readonly def?: { readonly shape?: Shape; readonly innerType?: unknown; readonly options?: readonly unknown[] };
  };
}
type Shape = Readonly<Record<string, unknown>>;

/** The keys of a mapping, without what is wrapped around its schema; of one of several forms those of all. */
function shapeOf(schema: unknown): Shape {
  const { shape, innerType, options = [] } = (schema as Wrapped | undefined)?._zod?.def ?? {};
  if (shape !== undefined) return shape;
  if (innerType !== undefined) return shapeOf(innerType);
  return Object.assign({}, ...options.map(shapeOf));
}

/** Unknown key → where it belongs, as a hint: below one of the keys beside it, or at the top of the file. */
function placesOf(keys: readonly string[], here: Shape, top: Shape): Readonly<Record<string, string>> {
  const places = keys.flatMap((key): readonly (readonly [string, string])[] => {
    const [below] = Object.entries(here).find(([, inner]) => Object.hasOwn(shapeOf(inner), key)) ?? [];
    if (below !== undefined) return [[key, `it belongs under \`${below}:\``]];
    // Whether it is a mapping of its own there, or a name that anybody gives.
    if (here === top || !Object.hasOwn(top, key)) return [];
    return [[key, 'it belongs to the file as a whole: write it at the top, without indentation']];
  });
  return Object.fromEntries(places);
}

/** `outer` leads to what the issue's own path starts from. */
function explainIssue(issue: z.core.$ZodIssue, file: YamlFile, outer: YamlPath): Problem[] {
  const at = [...outer, ...issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part))];
  if (issue.code === 'unrecognized_keys') {
    const { known, places } = JSON.parse(issue.message) as { known: string[]; places: Record<string, string> };
    return issue.keys.map((key) => {
      const place = Object.hasOwn(places, key) ? places[key] : undefined;
      return unknownKey(file, [...at, key], key, known, place);
    });
  }
  const meant = issue.code === 'invalid_union' ? meantForm(issue) : undefined;
  if (meant !== undefined) return meant.flatMap((inner) => explainIssue(inner, file, at));
  if (issue.code === 'invalid_key') {
    return issue.issues.map((inner) => problemAt(file, at, inner.message, hintOf(inner), 'key'));
  }
  if (issue.code === 'custom') return [problemAt(file, at, issue.message, hintOf(issue))];
  if (!file.has(at)) return [missing(file, at)];
  const { expected, hint } = expectation(issue, file.writtenAt(at));
  const ofSource = issue.code === 'invalid_union' && 'discriminator' in issue;
  const input = ofSource ? discriminatorOf(issue) : issue.input;
  const byType = issue.code === 'invalid_union' ? !ofSource : issue.code === 'invalid_type';
  const wrong =
    issue.code === 'too_big' && Array.isArray(input)
      ? `${input.length}`
      : found(input, byType && !expected.includes('whole number'));
  return [problemAt(file, at, `${nameOf(at)} must be ${expected}, not ${wrong}`, hint)];
}

/** Of a file without any value: what it would have to hold at least. */
function emptyFile(file: YamlFile, schema: z.ZodType): Problem {
  const shape: Readonly<Record<string, z.ZodType>> = schema instanceof z.ZodObject ? schema.shape : {};
  const needed = Object.keys(shape).filter((key) => shape[key]?._zod.optin === undefined);
  const keys = needed.map((key) => `\`${key}:\``).join(', ');
  const hint = `write ${keys === '' ? 'its keys' : `at least ${keys}`}; comments count for nothing`;
  return problemAt(file, [], 'the file is empty', hint);
}

/** Of a value that may have several forms, the problems of the one that it has; undefined when it has none of them. */
function meantForm(issue: z.core.$ZodIssueInvalidUnion): readonly z.core.$ZodIssue[] | undefined {
  return issue.errors.find((inner) => !inner.some(({ code, path }) => code === 'invalid_type' && path.length === 0));
}

function unknownKey(file: YamlFile, at: YamlPath, key: string, known: readonly string[], place?: string): Problem {
  const hint = () => {
    if (place !== undefined) return place;
    const near = nearest(key, known);
    return near === undefined ? `known keys here: ${known.join(', ')}` : `did you mean \`${near}\`?`;
  };
  return problemAt(file, at, `unknown key ${quote(key)}`, hint, 'key');
}

function missing(file: YamlFile, at: YamlPath): Problem {
  const key = String(at.at(-1) ?? '');
  const whole = at.length <= 1 ? 'the file' : nameOf(at.slice(0, -1));
  return problemAt(file, at.slice(0, -1), `${whole} lacks ${quote(key)}`, `add \`${key}:\``, 'key');
}

/** `packages.hello.timeout` in backticks; of list items `item 2 of …`. */
function nameOf(at: YamlPath): string {
  const last = at.at(-1);
  if (last === undefined) return 'the file';
  if (typeof last === 'number') return `item ${last + 1} of ${nameOf(at.slice(0, -1))}`;
  return quote(at.join('.'));
}

function hintOf(issue: z.core.$ZodIssue): string {
  const params = issue.code === 'custom' ? issue.params : undefined;
  return typeof params?.hint === 'string' ? params.hint : '';
}

const typeNames: Record<string, string> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: '`true` or `false`',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
};

/** What the schema wants here, as the end of "… must be". */
function expectation(
  issue: z.core.$ZodIssue,
  written: string | undefined,
): { expected: string; hint: string | (() => string) } {
  // zod's own texts begin with these words; anything else is an expectation that a schema of ours states.
  const stated = /^(Invalid|Too|Unrecognized)\b/.test(issue.message) ? undefined : issue.message;
  switch (issue.code) {
    case 'invalid_type': {
      const expected = stated ?? typeNames[issue.expected] ?? issue.expected;
      return { expected, hint: typeHint(expected, issue, written) };
    }
    case 'invalid_value':
      return oneOf(issue.values.map(String), issue.input);
    case 'invalid_union':
      if (stated !== undefined) return { expected: stated, hint: 'write one of these' };
      return oneOf((issue as { options?: unknown[] }).options?.map(String) ?? [], discriminatorOf(issue));
    case 'too_small':
      return {
        expected: stated ?? `${bound(issue.origin)} ${issue.minimum} or more`,
        hint: issue.origin === 'array' ? 'add one' : 'give a greater one',
      };
    case 'too_big':
      return { expected: stated ?? `${bound(issue.origin)} ${issue.maximum} or less`, hint: 'give a smaller one' };
    case 'invalid_format':
      return {
        expected: stated ?? (issue.format === 'url' ? 'an address (URL)' : 'a text of another form'),
        hint: formHint(issue),
      };
    default:
      return { expected: stated ?? 'something else', hint: 'see the documentation of this key' };
  }
}

function formHint(issue: z.core.$ZodIssueInvalidStringFormat): string {
  return issue.format === 'url' ? 'for example https://example.org' : `the form is ${issue.pattern ?? issue.format}`;
}

function bound(origin: string): string {
  if (origin === 'array') return 'a list with a length of';
  return origin === 'string' ? 'a text with a length of' : 'a number of';
}

function discriminatorOf(issue: z.core.$ZodIssueInvalidUnion): unknown {
  const key = (issue as { discriminator?: string }).discriminator ?? '';
  return (issue.input as Record<string, unknown> | undefined)?.[key];
}

function oneOf(options: readonly string[], input: unknown): { expected: string; hint: () => string } {
  const list = options.map((option) => `\`${option}\``).join(', ');
  const expected = options.length === 1 ? list : `one of ${list}`;
  const hint = () => {
    const near = typeof input === 'string' ? nearest(input, options) : undefined;
    return near === undefined ? `write ${expected}` : `did you mean \`${near}\`?`;
  };
  return { expected, hint };
}

/** How to write what was meant; `written` is a number or the like as it stands in the file. */
function typeHint(expected: string, { expected: type, input }: z.core.$ZodIssueInvalidType, written?: string): string {
  if (input === null) return 'give it a value, or remove the key';
  if (type === 'string' && typeof input === 'number' && !expected.startsWith('a reason'))
    return numberHint(expected, input, written ?? String(input));
  if (type === 'string' && expected.startsWith('a reason')) return 'say why in a few words, or remove the key';
  if (type === 'string' && typeof input === 'boolean') return `write it in quotes: \`'${written ?? input}'\``;
  if (type === 'string') return 'write one text, without `- ` or keys of its own';
  if (type === 'array') return 'write each item on a line of its own after `- `, or as `[one, two]`';
  if (type === 'object' || type === 'record') return mappingHint(input);
  if (type === 'boolean' && typeof input === 'string') return booleanHint(input);
  if (typeof input === 'string' && /^-?\d{1,15}$/.test(input)) return `write it without quotes: \`${input}\``;
  return `write ${typeNames[type] ?? type}`;
}

/** A number where a text is expected. Which unit was meant of a size nobody knows; durations elsewhere are seconds. */
function numberHint(expected: string, input: number, written: string): string {
  if (expected.startsWith('`keep`')) {
    if (input === 0) return 'write `remove`: it goes at once';
    return durationHint(input) ?? 'write `keep`, `remove`, or a duration with its unit: `14d`';
  }
  if (expected.startsWith('a duration')) return durationHint(input) ?? 'write its unit: `90s`, `30m`, `1h30m`';
  if (expected.startsWith('a size')) return 'write its unit, B, KiB, MiB, GiB or TiB: `10 GiB`';
  return /^[\w.+-]{1,100}$/.test(written) ? `write it in quotes: \`'${written}'\`` : 'write it in quotes';
}

function mappingHint(input: unknown): string {
  if (typeof input === 'string' && /\S:\S/.test(input)) return 'write `key: value` lines, with a space after each `:`';
  if (!Array.isArray(input)) return 'write `key: value` lines, indented by two spaces';
  const named: unknown = input.find((item: unknown) => typeof item === 'object' && item !== null && 'name' in item);
  if (named === undefined) return 'write `key: value` lines, indented by two spaces, without `- `';
  return 'write `NAME:` and its keys below, indented by two spaces, instead of `- name: NAME`';
}

/** YAML 1.2 has two words; others, which earlier YAML read so, are texts. */
function booleanHint(input: string): string {
  const word = input.trim().toLowerCase();
  if (['true', 'false'].includes(word)) return `write it without quotes: \`${word}\``;
  if (['yes', 'y', 'on', '1'].includes(word)) return `write \`true\`: ${quote(input)} is a text to YAML`;
  if (['no', 'n', 'off', '0'].includes(word)) return `write \`false\`: ${quote(input)} is a text to YAML`;
  return 'write `true` or `false`';
}

function found(input: unknown, byType: boolean): string {
  if (input === null || input === undefined) return 'empty';
  if (Array.isArray(input)) return input.length === 0 ? 'an empty list' : 'a list';
  if (typeof input === 'object') return 'a mapping';
  if (!byType) return quote(String(input));
  if (typeof input === 'string') return 'a text';
  return typeof input === 'boolean' ? '`true` or `false`' : 'a number';
}
