// What is said of commands that change the config repo: done, already so, or not and why. Pure.
import { formatProblem, type Problem, type Project, projectKey, readSandbox } from '@coppice/config';
import type { BuildRef } from '../vocabulary/build-view.ts';
import type { ConfigEdit } from '../vocabulary/config-edit.ts';
import { code, codeBlock, list, plain } from './escape.ts';

/** `address` is that of the commit on GitHub. */
export function committed(edit: ConfigEdit, commit: string, address: string): string {
  return `${whatWasDone(edit)} Commit [\`${commit.slice(0, 10)}\`](${address}) says so; it takes effect as any push.`;
}

function whatWasDone(edit: ConfigEdit): string {
  const project = code(edit.project);
  switch (edit.kind) {
    case 'grant':
      return `${code(edit.login)} is now a ${edit.role} of ${project}.`;
    case 'drop':
      return `${code(edit.login)} has no rights in ${project} any more.`;
    case 'freeze':
      return `${project} is frozen: it builds and publishes nothing, and its packages, logs and source packages, with those of its sandboxes, are out of reach until an admin writes ${code(`/resolve ${edit.project}`)}.`;
    case 'unfreeze':
      return `${project} is not frozen any more.`;
    case 'delete':
    case 'expire':
      return `${project} is deleted, and what it has published goes with it.`;
    case 'fork': {
      const fork = `${edit.owner}/${edit.name}`;
      return `${project} is forked as ${code(fork)}, and you maintain that.`;
    }
  }
}

/** Of one whose file was gone. */
export function projectDeleted(project: string): string {
  return `${code(project)} is deleted, with all that it had published.`;
}

/** `shown`: which version of its package users saw before, and see now; undefined of a project that is frozen. */
export function buildDeleted(
  { id, owner, project, package: name }: BuildRef,
  shown:
    | readonly {
        readonly chroot: string;
        readonly before: string | undefined;
        readonly after: string | undefined;
      }[]
    | undefined,
): string {
  const key = `${owner}/${project}`;
  const gone = `Build ${id} is deleted: its packages are gone from the repository of ${code(key)}, with its logs and records.`;
  if (shown === undefined) {
    const resolve = code(`/resolve ${owner}/${readSandbox(project)?.project ?? project}`);
    return `${gone} ${code(key)} is frozen, and users see nothing of it. After ${resolve} they see what they saw before without this build: where they saw it, the good build of ${code(name)} before it, if there is one.`;
  }
  const changes = shown.flatMap(({ chroot, before, after }) => {
    if (before === undefined || before === after) return [];
    if (after === undefined) return [`- ${code(chroot)}: users see no ${code(name)} any more, it was ${code(before)}`];
    return [`- ${code(chroot)}: users see ${code(name)} ${code(after)} in place of ${code(before)}`];
  });
  if (changes.length === 0) return `${gone} Users see the same as before.`;
  const keeps = 'Who has installed it keeps it until `dnf distro-sync`.';
  return [gone, changes.join('\n'), keeps].join('\n\n');
}

export function mayNot(actor: string, what: string, project: string, who: readonly string[]): string {
  const these = who.length === 0 ? 'Nobody may so far.' : `These may: ${list(who)}.`;
  return `Sorry, ${code(actor)} may not ${what} ${code(project)}. ${these}`;
}

export function gone(project: string): string {
  return `There is no project ${code(project)} any more.`;
}

export function frozen(project: Project, admins: readonly string[]): string {
  const who = admins.length === 0 ? 'an admin' : list(admins);
  const resolve = code(`/resolve ${projectKey(project)}`);
  const reason = plain(project.frozen ?? '');
  return `${code(projectKey(project))} is frozen: ${reason}${/[.!?]$/.test(reason) ? '' : '.'} It builds and publishes nothing until ${who} writes ${resolve}.`;
}

export function frozenAlready(project: string): string {
  return `${code(project)} is frozen for that reason already.`;
}

export function staysLonger(project: string): string {
  return `${code(project)} names another day by now.`;
}

export function notFrozen(project: string): string {
  return `${code(project)} is not frozen.`;
}

export function ownRequest(who: readonly string[]): string {
  return `Nobody approves a request of their own. These may: ${list(who)}.`;
}

export function holdsAlready({ login, role, project }: Extract<ConfigEdit, { kind: 'grant' }>): string {
  return `${code(login)} has the rights of a ${role} in ${code(project)} already.`;
}

export function holdsNothing(login: string, project: string): string {
  return `${code(login)} is neither a maintainer nor a builder of ${code(project)}.`;
}

export function lastMaintainer(login: string, project: string): string {
  return `${code(login)} is the only maintainer of ${code(project)}. Approve another one first, or write ${code(`/delete project ${project}`)}.`;
}

export function foreignOwner(actor: string, { project, name }: Extract<ConfigEdit, { kind: 'fork' }>): string {
  return `Sorry, ${code(actor)} may fork only into projects of their own: ${code(`/fork ${project} ${name}`)}. Admins may fork anywhere.`;
}

export function noName(name: string): string {
  return `${code(name, 120)} cannot be a name: letters, digits and \`. _ -\`, 100 at most.`;
}

export function nameTaken(project: string): string {
  return `There is a project ${code(project)} already. Give the fork another name.`;
}

export function headHasProblems(commit: string): string {
  return `The config repo's last commit ${code(commit.slice(0, 10))} has problems, so I commit nothing on top of it. Its check "coppice / config" says what is wrong.`;
}

export function wouldHaveProblems(problems: readonly Problem[]): string {
  const more = problems.length > 10 ? `\n\n${problems.length - 10} more.` : '';
  return `I have committed nothing: the config would have problems.\n\n${codeBlock(problems.slice(0, 10).map(formatProblem))}${more}`;
}

export function pushRefused(said: string): string {
  // GitHub's status for a token that may not write; what a rule of the branch refuses comes with another message.
  const why = /\berror: 403\b/.test(said)
    ? 'The GitHub App may not write to the config repo: it needs *Contents*, read and write; see `coppice doctor`.'
    : 'Perhaps a rule protects the branch; let the app bypass it, or make the change by a pull request.';
  return `GitHub did not take my commit: ${plain(said)} ${why}`;
}

export function othersPush(): string {
  return 'Somebody else was pushing to the config repo at the same time, twice. Nothing was changed; please ask again.';
}

export function holdsByTeam(login: string, project: string): string {
  return `${code(login)} has rights in ${code(project)} by a team: its members are changed in the organization on GitHub.`;
}
