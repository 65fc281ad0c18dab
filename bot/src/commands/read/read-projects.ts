// What the commands about projects and rights want after their names: words and options → a command, or the mistake in
// them. Pure.
import { nearest, projectNamePattern } from '@coppice/config';
import { loginShape } from '../../vocabulary/accounts.ts';
import type { Role, Verb } from '../../vocabulary/command.ts';
import { mistake, oddNumber, type Read, readId, type Words } from './read-options.ts';
import { blank, lineOf, linesOf, lineWith } from './suggest.ts';

const maximumTextLength = 1000;
/** That of `frozen` in a project. */
const maximumReasonLength = 500;
/** Commands that are suggested in place of one. */
const maximumSuggested = 10;

export function readRequest({ words, written, options }: Words): Read {
  const [role = '', project, ...more] = words;
  const known = roles.find((one) => one === role.toLowerCase());
  if (known === undefined || more.length > 0) {
    const meant = nearest(role, roles) ?? (isProject(role) ? 'builder' : undefined);
    const others = isProject(role) ? written : written.filter((word) => word !== role);
    return mistake(
      '`/request` wants `builder`, `maintainer` or `drop`, and a project if you like.',
      meant === undefined || more.length > 0 ? undefined : lineOf('request', [meant, ...others]),
    );
  }
  return { kind: 'request', role: known satisfies Role | 'drop', project: project ?? options.get('project')?.at(-1) };
}

const roles = ['builder', 'maintainer', 'drop'] as const;

/** GitHub's rule for logins. */
const loginPattern = new RegExp(`^@?(${loginShape})$`);

export function readApprove({ words, written, options }: Words): Read {
  const [word, project, ...more] = words;
  const [, login] = loginPattern.exec(word ?? '') ?? [];
  if (word === undefined && options.size === 0) return { kind: 'approve-head', sha: undefined };
  if (word !== undefined && /^[0-9a-f]{7,64}$/i.test(word) && project === undefined && options.size === 0) {
    return { kind: 'approve-head', sha: word };
  }
  if (login === undefined || word?.startsWith('@') !== true || more.length > 0) {
    return mistake(
      '`/approve` wants nothing on a pull request, or the `@login` of who asked for rights.',
      login === undefined || more.length > 0 ? undefined : lineWith('approve', written, login, `@${login}`),
    );
  }
  return { kind: 'approve-rights', login, project: project ?? options.get('project')?.at(-1) };
}

export function readFork({ words, written, options }: Words): Read {
  const [project, as, ...more] = words;
  if (project === undefined || !isProject(project) || more.length > 0) {
    return mistake(
      '`/fork` wants a project (`owner/name`), and a new name if you like.',
      more.length > 0 ? undefined : withOwner('fork', project, written),
    );
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
  return mistake(
    oddNumber(words) ?? '`/delete` wants the number of one build, or `project` and its name.',
    insteadOfDelete(words),
  );
}

function insteadOfDelete(words: readonly string[]): string | undefined {
  const [first = '', second, ...more] = words;
  const isFew = words.length <= maximumSuggested;
  if (words.length > 1 && isFew && words.every((word) => readId(word) !== undefined)) {
    return linesOf(
      'delete',
      words.map((word) => [word]),
    );
  }
  if (second === undefined && isProject(first)) return lineOf('delete', ['project', first]);
  const isBare = first.toLowerCase() === 'project' && second !== undefined && more.length === 0;
  return isBare && projectNamePattern.test(second) ? `/delete project ${blank.projectNamed(second)}` : undefined;
}

/** The line with the owner before a project that was named without. */
export function withOwner(verb: Verb, project: string | undefined, written: readonly string[]): string | undefined {
  if (project === undefined || !projectNamePattern.test(project)) return undefined;
  return lineWith(verb, written, project, blank.projectNamed(project));
}

export function readResolve({ words, written }: Words): Read {
  const [project, ...more] = words;
  const report = more.length === 0 ? readId(project ?? '') : undefined;
  if (report !== undefined) return { kind: 'resolve-report', report };
  if (project === undefined || !isProject(project) || more.length > 0) {
    return mistake(
      '`/resolve` wants one project (`owner/name`), or the number of a report.',
      more.length > 0 ? undefined : withOwner('resolve', project, written),
    );
  }
  return { kind: 'resolve', project };
}

export function readFreeze(rest: string): Read {
  const [, project = '', reason = ''] = /^(\S+)\s+(.+)$/s.exec(rest) ?? [];
  if (!isProject(project)) {
    return mistake('`/freeze` wants a project and the reason, as in `/freeze owner/name the reason`.', undefined);
  }
  return { kind: 'freeze', project, reason: reason.trim().slice(0, maximumReasonLength) };
}

/** The project may stand first or last; it is looked up before it is believed. Nothing, or `list`: what is open. */
export function readLegal(rest: string): Read {
  const stated = /(?:^|\s)(?:--|[–—])project[ =](\S+)/.exec(rest);
  const text = (stated === null ? rest : rest.replace(stated[0], ' ')).trim();
  const ends = [text.split(/\s+/)[0] ?? '', text.split(/\s+/).at(-1) ?? ''];
  if (/^(?:list)?[.!?]*$/i.test(text)) return { kind: 'legal-list' };
  const project = stated?.[1] ?? ends.find(isProject);
  return { kind: 'legal', text: text.slice(0, maximumTextLength), project };
}

export function isProject(word: string): boolean {
  return /^[^/\s]+\/[^/\s]+$/.test(word);
}
