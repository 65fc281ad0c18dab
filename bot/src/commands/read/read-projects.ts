// What the commands about projects and rights want after their names: words and options → a command, or the mistake in
// them. Pure.
import type { Role } from '../../vocabulary/command.ts';
import { mistake, type Read, readId, type Words } from './read-options.ts';

const maximumTextLength = 1000;
/** That of `frozen` in a project. */
const maximumReasonLength = 500;

export function readRequest({ words, options }: Words): Read {
  const [role = '', project, ...more] = words;
  const known = (['builder', 'maintainer', 'drop'] as const).find((one) => one === role.toLowerCase());
  if (known === undefined || more.length > 0) {
    return mistake('`/request` wants `builder`, `maintainer` or `drop`.', '/request builder owner/name');
  }
  return { kind: 'request', role: known satisfies Role | 'drop', project: project ?? options.get('project')?.at(-1) };
}

/** GitHub's rule for logins. */
const loginPattern = /^@?([A-Za-z0-9](?:[A-Za-z0-9-]{0,38}))$/;

export function readApprove({ words, options }: Words): Read {
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

export function readFork({ words, options }: Words): Read {
  const [project, as, ...more] = words;
  if (project === undefined || !isProject(project) || more.length > 0) {
    return mistake('`/fork` wants a project, and a new name if you like.', '/fork owner/name new-name');
  }
  return { kind: 'fork', project, as: as ?? options.get('as')?.at(-1) };
}

export function readDelete({ words }: Words): Read {
  const [first = '', second, ...more] = words;
  const id = readId(first);
  if (id !== undefined && second === undefined) return { kind: 'delete-build', id };
  if (first.toLowerCase() === 'project' && second !== undefined && isProject(second) && more.length === 0) {
    return { kind: 'delete-project', project: second };
  }
  return mistake('`/delete` wants the number of one build, or `project` and its name.', '/delete project owner/name');
}

export function readResolve({ words }: Words): Read {
  const [project, ...more] = words;
  if (project === undefined || !isProject(project) || more.length > 0) {
    return mistake('`/resolve` wants one project.', '/resolve owner/name');
  }
  return { kind: 'resolve', project };
}

export function readFreeze(rest: string): Read {
  const [, project = '', reason = ''] = /^(\S+)\s+(.+)$/s.exec(rest) ?? [];
  if (!isProject(project)) {
    return mistake('`/freeze` wants a project and the reason.', '/freeze owner/name the reason');
  }
  return { kind: 'freeze', project, reason: reason.trim().slice(0, maximumReasonLength) };
}

/** The project may stand first or last; it is looked up before it is believed. */
export function readLegal(rest: string): Read {
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
