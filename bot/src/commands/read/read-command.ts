// What each command wants after its name: words and options → a command, or the mistake in them. Pure.
import { type BuildId, parseBuildId, parseDuration, parseSize } from '@coppice/config';
import { code } from '../../reply/escape.ts';
import type { Command, Role, Subject, Target, Verb, Wishes } from '../../vocabulary/command.ts';
import { type Mistake, mistake, type OptionTable, readOptions, type Words } from './read-options.ts';

/** A command without the line that it was written as. */
type Read = Command extends infer One ? (One extends Command ? Omit<One, 'line'> : never) : never;

const maximumPackages = 100;
const maximumIds = 20;
const maximumTextLength = 1000;
/** That of `frozen` in a project. */
const maximumReasonLength = 500;

const target = { chroot: 'fedora-42-x86_64', project: 'owner/name' } as const;
const wishes = { after: '42', timeout: '2h', memory: '4GiB', background: null } as const;

const optionsOf: Readonly<Record<Verb, OptionTable>> = {
  build: { ...target, force: null, ...wishes, with: 'docs', without: 'tests' },
  rebuild: { ...target, ...wishes },
  plan: { ...target, force: null },
  cancel: {},
  status: { project: 'owner/name' },
  logs: { chroot: 'fedora-42-x86_64' },
  explain: { project: 'owner/name' },
  debug: { chroot: 'fedora-42-x86_64', end: null },
  request: { project: 'owner/name' },
  approve: { project: 'owner/name' },
  fork: { as: 'new-name' },
  delete: {},
  legal: {},
  freeze: {},
  resolve: {},
  help: {},
};

/** `words` are the rest of the line cut into words, `rest` the same as it was written. */
export function readCommand(verb: Verb, words: readonly string[], rest: string): Read {
  // Sentences are no command lines: an apostrophe in them opens no quote.
  if (verb === 'help') return { kind: 'help' };
  if (verb === 'legal') return readLegal(rest);
  if (verb === 'freeze') return readFreeze(rest);
  const read = readOptions(verb, words, optionsOf[verb]);
  return 'kind' in read ? read : readWords(verb, read);
}

function readWords(verb: Exclude<Verb, 'help' | 'legal' | 'freeze'>, read: Words): Read {
  switch (verb) {
    case 'build':
    case 'plan':
      return readBuild(verb, read);
    case 'rebuild':
      return readRebuild(read);
    case 'cancel':
      return readCancel(read);
    case 'status':
    case 'explain':
      return readSubject(verb, read);
    case 'logs':
      return readLogs(read);
    case 'debug':
      return readDebug(read);
    case 'request':
      return readRequest(read);
    case 'approve':
      return readApprove(read);
    case 'fork':
      return readFork(read);
    case 'delete':
      return readDelete(read);
    case 'resolve':
      return readResolve(read);
  }
}

function readBuild(verb: 'build' | 'plan', read: Words): Read {
  const found = readTarget(verb, read);
  if ('kind' in found) return found;
  const force = read.options.has('force');
  if (verb === 'plan') return { kind: 'plan', force, ...found };
  const wished = readWishes(verb, read);
  return 'kind' in wished ? wished : { kind: 'build', force, wishes: wished, ...found };
}

function readRebuild(read: Words): Read {
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

function readCancel({ words }: Words): Read {
  const ids = readIds(words);
  if (ids !== undefined && ids.length > 0) return { kind: 'cancel', ids };
  return mistake('`/cancel` wants the numbers of builds; `/status` lists them.', '/status');
}

function readSubject(verb: 'status' | 'explain', { words, options }: Words): Read {
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

function readLogs({ words, options }: Words): Read {
  const [word = '', chroot, ...more] = words;
  const id = readId(word);
  if (id === undefined || more.length > 0) {
    return mistake('`/logs` wants the number of one build, and a chroot if you like.', '/logs 42');
  }
  return { kind: 'logs', id, chroot: chroot ?? options.get('chroot')?.at(-1) };
}

function readDebug({ words, options }: Words): Read {
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

function readRequest({ words, options }: Words): Read {
  const [role = '', project, ...more] = words;
  const known = (['builder', 'maintainer', 'drop'] as const).find((one) => one === role.toLowerCase());
  if (known === undefined || more.length > 0) {
    return mistake('`/request` wants `builder`, `maintainer` or `drop`.', '/request builder owner/name');
  }
  return { kind: 'request', role: known satisfies Role | 'drop', project: project ?? options.get('project')?.at(-1) };
}

/** GitHub's rule for logins. */
const loginPattern = /^@?([A-Za-z0-9](?:[A-Za-z0-9-]{0,38}))$/;

function readApprove({ words, options }: Words): Read {
  const [word, project, ...more] = words;
  const [, login] = loginPattern.exec(word ?? '') ?? [];
  if (word === undefined && options.size === 0) return { kind: 'approve-head', sha: undefined };
  if (word !== undefined && /^[0-9a-f]{7,64}$/i.test(word) && project === undefined && options.size === 0) {
    return { kind: 'approve-head', sha: word };
  }
  if (login === undefined || word?.startsWith('@') !== true || more.length > 0) {
    return mistake(
      '`/approve` wants nothing on a pull request, or the login of who asked for rights.',
      '/approve @login',
    );
  }
  return { kind: 'approve-rights', login, project: project ?? options.get('project')?.at(-1) };
}

function readFork({ words, options }: Words): Read {
  const [project, as, ...more] = words;
  if (project === undefined || !isProject(project) || more.length > 0) {
    return mistake('`/fork` wants a project, and a new name if you like.', '/fork owner/name new-name');
  }
  return { kind: 'fork', project, as: as ?? options.get('as')?.at(-1) };
}

function readDelete({ words }: Words): Read {
  const [first = '', second, ...more] = words;
  const id = readId(first);
  if (id !== undefined && second === undefined) return { kind: 'delete-build', id };
  if (first.toLowerCase() === 'project' && second !== undefined && isProject(second) && more.length === 0) {
    return { kind: 'delete-project', project: second };
  }
  return mistake('`/delete` wants the number of one build, or `project` and its name.', '/delete project owner/name');
}

function readResolve({ words }: Words): Read {
  const [project, ...more] = words;
  if (project === undefined || !isProject(project) || more.length > 0) {
    return mistake('`/resolve` wants one project.', '/resolve owner/name');
  }
  return { kind: 'resolve', project };
}

function readFreeze(rest: string): Read {
  const [, project = '', reason = ''] = /^(\S+)\s+(.+)$/s.exec(rest) ?? [];
  if (!isProject(project)) {
    return mistake('`/freeze` wants a project and the reason.', '/freeze owner/name the reason');
  }
  return { kind: 'freeze', project, reason: reason.trim().slice(0, maximumReasonLength) };
}

/** The project may stand first or last; it is looked up before it is believed. */
function readLegal(rest: string): Read {
  const stated = /(?:^|\s)--project[ =](\S+)/.exec(rest);
  const text = (stated === null ? rest : rest.replace(stated[0], ' ')).trim();
  const ends = [text.split(/\s+/)[0] ?? '', text.split(/\s+/).at(-1) ?? ''];
  if (text === '') return mistake('`/legal` wants a text that says what is wrong.', '/legal owner/name what is wrong');
  const project = stated?.[1] ?? ends.find(isProject);
  return { kind: 'legal', text: text.slice(0, maximumTextLength), project };
}

function isProject(word: string): boolean {
  return /^[^/\s]+\/[^/\s]+$/.test(word);
}

/** Undefined when one of them is no number. */
function readIds(words: readonly string[]): readonly BuildId[] | undefined {
  const ids = words.map(readId);
  const good = ids.filter((id) => id !== undefined);
  return good.length === ids.length && good.length <= maximumIds ? [...new Set(good)] : undefined;
}

function readId(word: string): BuildId | undefined {
  return parseBuildId(word.replace(/^#/, ''));
}
