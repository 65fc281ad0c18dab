// What the commands about builds want after their names: words and options → a command, or the mistake in them. Pure.
import { type BuildId, parseDuration, parseSize } from '@coppice/config';
import { code } from '../../reply/escape.ts';
import type { Subject, Target, Verb, Wishes } from '../../vocabulary/command.ts';
import { type Mistake, mistake, type Read, readId, type Words } from './read-options.ts';

const maximumPackages = 100;
const maximumIds = 20;

export function readBuild(verb: 'build' | 'plan', read: Words): Read {
  const found = readTarget(verb, read);
  if ('kind' in found) return found;
  const force = read.options.has('force');
  if (verb === 'plan') return { kind: 'plan', force, ...found };
  const wished = readWishes(verb, read);
  return 'kind' in wished ? wished : { kind: 'build', force, wishes: wished, ...found };
}

export function readRebuild(read: Words): Read {
  const found = readTarget('rebuild', read);
  if ('kind' in found) return found;
  const wished = readWishes('rebuild', read);
  if ('kind' in wished) return wished;
  const ids = readIds(read.words);
  if (ids !== undefined && ids.length > 0) return { kind: 'rebuild', ids, wishes: wished, ...found, packages: [] };
  if (read.words.length === 0 || read.words.some((word) => readId(word) !== undefined)) {
    return mistake('`/rebuild` wants numbers of builds, or names of packages.', '/rebuild 42');
  }
  return { kind: 'rebuild', ids: [], wishes: wished, ...found };
}

function readTarget(verb: Verb, { words, options }: Words): Target | Mistake {
  if (words.length > maximumPackages) return mistake(`It names more than ${maximumPackages} packages.`, `/${verb}`);
  return {
    packages: [...new Set(words)],
    chroots: [...new Set((options.get('chroot') ?? []).flatMap((list) => list.split(',')))].filter((one) => one !== ''),
    project: options.get('project')?.at(-1),
  };
}

const conditionPattern = /^[A-Za-z0-9_][A-Za-z0-9_.+-]{0,63}$/;

function readWishes(verb: Verb, { options }: Words): Wishes | Mistake {
  const last = (name: string) => options.get(name)?.at(-1);
  const timeout = last('timeout');
  const timeoutSeconds = timeout === undefined ? null : parseDuration(timeout);
  if (timeoutSeconds === undefined || timeoutSeconds === 0) {
    return mistake(`${code(timeout ?? '', 60)} is no duration.`, `/${verb} --timeout 1h30m`);
  }
  const memory = last('memory');
  const memoryBytes = memory === undefined ? null : parseSize(memory);
  if (memoryBytes === undefined || memoryBytes === 0) {
    return mistake(`${code(memory ?? '', 60)} is no size.`, `/${verb} --memory 4GiB`);
  }
  const after = readIds((options.get('after') ?? []).flatMap((list) => list.split(',')));
  if (after === undefined) return mistake('`--after` wants the number of a build.', `/${verb} --after 42`);
  const conditions = [...(options.get('with') ?? []), ...(options.get('without') ?? [])];
  const odd = conditions.find((one) => !conditionPattern.test(one));
  if (odd !== undefined || conditions.length > maximumIds) {
    return mistake(`${code(odd ?? 'That', 60)} is no build condition of a spec.`, `/${verb} --with docs`);
  }
  return {
    timeoutSeconds,
    memoryBytes,
    background: options.has('background'),
    after,
    with: [...new Set(options.get('with') ?? [])],
    without: [...new Set(options.get('without') ?? [])],
  };
}

export function readCancel({ words }: Words): Read {
  const ids = readIds(words);
  if (ids !== undefined && ids.length > 0) return { kind: 'cancel', ids };
  return mistake('`/cancel` wants the numbers of builds; `/status` lists them.', '/status');
}

export function readSubject(verb: 'status' | 'explain', { words, options }: Words): Read {
  const [word, ...more] = words;
  const project = options.get('project')?.at(-1);
  const subject = (one: Partial<Subject>): Read => ({ kind: verb, id: undefined, package: undefined, project, ...one });
  if (word === undefined && verb === 'status') return subject({});
  if (word === undefined || more.length > 0) {
    const wanted = verb === 'status' ? 'nothing, the number of one build' : 'the number of one build';
    return mistake(`\`/${verb}\` wants ${wanted} or the name of one package.`, `/${verb} ${readId(word ?? '') ?? 42}`);
  }
  const id = readId(word);
  return id === undefined ? subject({ package: word }) : subject({ id });
}

export function readLogs({ words, options }: Words): Read {
  const [word = '', chroot, ...more] = words;
  const id = readId(word);
  if (id === undefined || more.length > 0) {
    return mistake('`/logs` wants the number of one build, and a chroot if you like.', '/logs 42');
  }
  return { kind: 'logs', id, chroot: chroot ?? options.get('chroot')?.at(-1) };
}

export function readDebug({ words, options }: Words): Read {
  const [word = '', chroot, ...more] = words;
  const id = readId(word);
  if (id === undefined || more.length > 0) {
    return mistake(
      '`/debug` wants the number of one failed build, and a chroot if it failed for several.',
      '/debug 42',
    );
  }
  return { kind: 'debug', id, chroot: chroot ?? options.get('chroot')?.at(-1), end: options.has('end') };
}

/** Undefined when one of them is no number. */
function readIds(words: readonly string[]): readonly BuildId[] | undefined {
  const ids = words.map(readId);
  const good = ids.filter((id) => id !== undefined);
  return good.length === ids.length && good.length <= maximumIds ? [...new Set(good)] : undefined;
}
