// What the commands about builds want after their names: words and options → a command, or the mistake in them. Pure.
import type { BuildId } from '@coppice/config';
import { code } from '../../reply/escape.ts';
import type { Subject, Target, Verb, Wishes } from '../../vocabulary/command.ts';
import { guessDuration, guessSize, readDuration, readSize } from './read-amounts.ts';
import { type Mistake, mistake, oddNumber, type Read, readId, type Words } from './read-options.ts';
import { lineOf, linesOf, withOption } from './suggest.ts';

const maximumPackages = 100;
const maximumIds = 20;
/** Commands that are suggested in place of one. */
const maximumSuggested = 10;

export function readBuild(verb: 'build' | 'plan', read: Words): Read {
  const found = readTarget(read);
  if ('kind' in found) return found;
  const force = read.options.has('force');
  if (verb === 'plan') return { kind: 'plan', force, ...found };
  const wished = readWishes(verb, read);
  return 'kind' in wished ? wished : { kind: 'build', force, wishes: wished, ...found };
}

export function readRebuild(read: Words): Read {
  const found = readTarget(read);
  if ('kind' in found) return found;
  const wished = readWishes('rebuild', read);
  if ('kind' in wished) return wished;
  const ids = readIds(read.words);
  if (ids !== undefined && ids.length > 0) return { kind: 'rebuild', ids, wishes: wished, ...found, packages: [] };
  const odd = oddNumber(read.words);
  if (odd !== undefined) return mistake(odd, '/status');
  const numbers = read.words.filter((word) => readId(word) !== undefined);
  if (read.words.length > 0 && numbers.length === 0) return { kind: 'rebuild', ids: [], wishes: wished, ...found };
  const names = read.words.filter((word) => !numbers.includes(word));
  const both = names.length > 0 && numbers.length <= maximumIds;
  const each = [numbers, names].map((some) => [...some, ...read.others]);
  return mistake(
    '`/rebuild` wants numbers of builds, or names of packages.',
    both ? linesOf('rebuild', each) : read.words.length === 0 ? '/status' : undefined,
  );
}

function readTarget({ words, options }: Words): Target | Mistake {
  if (words.length > maximumPackages) return mistake(`It names more than ${maximumPackages} packages.`, undefined);
  return {
    packages: [...new Set(words)],
    chroots: [...new Set((options.get('chroot') ?? []).flatMap((list) => list.split(',')))].filter((one) => one !== ''),
    project: options.get('project')?.at(-1),
  };
}

const conditionPattern = /^[A-Za-z0-9_][A-Za-z0-9_.+-]{0,63}$/;

function readWishes(verb: Verb, { written, options }: Words): Wishes | Mistake {
  const last = (name: string) => options.get(name)?.at(-1);
  const each = (name: string) => (options.get(name) ?? []).flatMap((list) => list.split(',')).map((one) => one.trim());
  const instead = (name: string, value: string) => lineOf(verb, withOption(written, name, value));
  const timeout = last('timeout');
  const timeoutSeconds = timeout === undefined ? null : readDuration(timeout);
  if (timeoutSeconds === undefined) {
    const why = /^\d+$/.test(timeout ?? '')
      ? `A number by itself means seconds, at least 60: ${code(timeout ?? '', 60)} has no unit.`
      : `${code(timeout ?? '', 60)} is no duration; \`1h30m\` is one.`;
    return mistake(why, instead('timeout', guessDuration(timeout ?? '')));
  }
  const memory = last('memory');
  const memoryBytes = memory === undefined ? null : readSize(memory);
  if (memoryBytes === undefined) {
    return mistake(
      `${code(memory ?? '', 60)} is no size; \`4GiB\` is one.`,
      instead('memory', guessSize(memory ?? '')),
    );
  }
  const after = readIds(each('after'));
  if (after === undefined) {
    return mistake(
      oddNumber(each('after')) ?? '`--after` wants the number of a build, as `/status` lists them.',
      undefined,
    );
  }
  const conditions = { with: each('with'), without: each('without') };
  for (const name of ['with', 'without'] as const) {
    const odd = conditions[name].find((one) => !conditionPattern.test(one));
    if (odd === undefined && conditions[name].length <= maximumIds) continue;
    const meant = conditions[name].map((one) => one.replace(/^[-+]+/, '')).join(',');
    return mistake(`${code(odd ?? 'That', 60)} is no build condition of a spec.`, instead(name, meant));
  }
  return {
    timeoutSeconds,
    memoryBytes,
    background: options.has('background'),
    after,
    with: [...new Set(conditions.with)],
    without: [...new Set(conditions.without)],
  };
}

export function readCancel({ words }: Words): Read {
  const ids = readIds(words);
  if (ids !== undefined && ids.length > 0) return { kind: 'cancel', ids };
  const [only, ...more] = words;
  const name = only !== undefined && more.length === 0 && isName(only) ? only : undefined;
  return mistake(
    oddNumber(words) ?? '`/cancel` wants the numbers of builds; `/status` lists them.',
    lineOf('status', name === undefined ? [] : [name]),
  );
}

export function readSubject(verb: 'status' | 'explain', { words, others, options }: Words): Read {
  const [word, ...more] = words;
  const project = options.get('project')?.at(-1);
  const subject = (one: Partial<Subject>): Read => ({ kind: verb, id: undefined, package: undefined, project, ...one });
  if (word === undefined && verb === 'status') return subject({});
  const odd = oddNumber(words);
  if (odd !== undefined) return mistake(odd, '/status');
  if (word === undefined || more.length > 0) {
    const wanted = verb === 'status' ? 'nothing, the number of one build' : 'the number of one build';
    return mistake(
      `\`/${verb}\` wants ${wanted} or the name of one package.`,
      word === undefined
        ? lineOf('plan', others)
        : eachOf(
            verb,
            words.map((one) => [one, ...others]),
          ),
    );
  }
  const id = readId(word);
  return id === undefined ? subject({ package: word }) : subject({ id });
}

/** A command for each of a few; none for many. */
function eachOf(verb: Verb, each: readonly (readonly string[])[]): string | undefined {
  return each.length > maximumSuggested ? undefined : linesOf(verb, each);
}

export function readLogs(read: Words): Read {
  const found = readBuildAndChroot('logs', '`/logs` wants the number of one build, and a chroot if you like.', read);
  return 'kind' in found ? found : { kind: 'logs', ...found };
}

export function readDebug(read: Words): Read {
  const why = '`/debug` wants the number of one failed build, and a chroot if it failed for several.';
  const found = readBuildAndChroot('debug', why, read);
  return 'kind' in found ? found : { kind: 'debug', ...found, end: read.options.has('end') };
}

function readBuildAndChroot(
  verb: 'logs' | 'debug',
  why: string,
  { words, others, options }: Words,
): { readonly id: BuildId; readonly chroot: string | undefined } | Mistake {
  const [word, chroot, ...more] = words;
  const odd = oddNumber(words);
  if (odd !== undefined) return mistake(odd, '/status');
  const id = readId(word ?? '');
  if (id === undefined || word === undefined) {
    return mistake(why, lineOf('status', word !== undefined && words.length === 1 && isName(word) ? [word] : []));
  }
  if (more.length === 0 && readId(chroot ?? '') === undefined) {
    return { id, chroot: chroot ?? options.get('chroot')?.at(-1) };
  }
  const rest = words.slice(1);
  const areBuilds = rest.every((one) => readId(one) !== undefined);
  const each = areBuilds ? words.map((one) => [one, ...others]) : rest.map((one) => [word, one, ...others]);
  return mistake(why, eachOf(verb, each));
}

/** It may be the name of a package: no word for everything. */
function isName(word: string): boolean {
  return !/^(?:all|everything|\*)$/i.test(word);
}

/** Undefined when one of them is no number. */
function readIds(words: readonly string[]): readonly BuildId[] | undefined {
  const ids = words.map(readId);
  const good = ids.filter((id) => id !== undefined);
  return good.length === ids.length && good.length <= maximumIds ? [...new Set(good)] : undefined;
}
