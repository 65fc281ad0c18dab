// What each command wants after its name: words and options → a command, or the mistake in them. Pure.
import type { Verb } from '../../vocabulary/command.ts';
import { readBuild, readCancel, readDebug, readLogs, readRebuild, readSubject } from './read-builds.ts';
import { type OptionTable, type Read, readOptions, type Words } from './read-options.ts';
import { readApprove, readDelete, readFork, readFreeze, readLegal, readRequest, readResolve } from './read-projects.ts';
import { readPublish, readRollback } from './read-publications.ts';
import { blank } from './suggest.ts';

const target = { chroot: blank.chroot, project: blank.project } as const;
const wishes = { after: '', timeout: '2h', memory: '4GiB', background: null } as const;

const optionsOf: Readonly<Record<Verb, OptionTable>> = {
  build: { ...target, force: null, ...wishes, with: '', without: '' },
  rebuild: { ...target, ...wishes },
  plan: { ...target, force: null },
  cancel: {},
  status: { project: blank.project },
  logs: { chroot: blank.chroot },
  explain: { project: blank.project },
  debug: { chroot: blank.chroot, end: null },
  request: { project: blank.project },
  approve: { project: blank.project },
  fork: { as: '' },
  delete: {},
  publish: target,
  rollback: target,
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
    case 'publish':
      return readPublish(read);
    case 'rollback':
      return readRollback(read);
    case 'resolve':
      return readResolve(read);
  }
}
