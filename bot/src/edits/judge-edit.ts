// What a command changes in the config repo: who may, what the files are afterwards, what the commit says. Pure.
import {
  type ConfigRepo,
  findProject,
  isAdmin,
  isMember,
  mayManage,
  type Project,
  projectKey,
  whoManages,
} from '@coppice/config';
import * as reply from '../reply/edits.ts';
import type { Role } from '../vocabulary/command.ts';
import type { ConfigEdit } from '../vocabulary/config-edit.ts';
import { nameOf } from '../vocabulary/project-name.ts';

/** `refuse` and `nothing` say why in Markdown; `nothing`: it is so already. */
export type EditVerdict =
  | { readonly kind: 'do' }
  | { readonly kind: 'refuse'; readonly markdown: string }
  | { readonly kind: 'nothing'; readonly markdown: string };

/**
 * Asked twice: with the config in force when the command is decided, and with the head of the branch that is changed.
 */
export function judgeEdit(edit: ConfigEdit, config: ConfigRepo, actor: string): EditVerdict {
  const { owner, name } = nameOf(edit.project);
  const project = findProject(config.projects, owner, name);
  if (project === undefined) return refuse(reply.gone(edit.project));
  const admin = isAdmin(config.policy, actor);
  const managers = whoManages(config.policy, project);
  const notAllowed = (what: string, who: readonly string[]) => refuse(reply.mayNot(actor, what, edit.project, who));
  switch (edit.kind) {
    case 'grant':
      if (!mayManage(config.policy, project, actor)) return notAllowed('give rights in', managers);
      if (edit.login === actor.toLowerCase()) return refuse(reply.ownRequest(managers));
      return holdsRole(project, edit.role, edit.login) ? nothing(reply.holdsAlready(edit)) : { kind: 'do' };
    case 'drop':
      return judgeDrop(project, edit.login);
    case 'freeze':
      if (!admin) return notAllowed('freeze', config.policy.admins);
      return project.frozen === edit.reason ? nothing(reply.frozenAlready(edit.project)) : { kind: 'do' };
    case 'unfreeze':
      if (!admin) return notAllowed('unfreeze', config.policy.admins);
      return project.frozen === null ? nothing(reply.notFrozen(edit.project)) : { kind: 'do' };
    case 'delete':
      if (project.frozen !== null && !admin) return refuse(reply.frozen(project, config.policy.admins));
      return mayManage(config.policy, project, actor) ? { kind: 'do' } : notAllowed('delete', managers);
    case 'expire':
      // The head may have given it more time.
      return project.deleteAfter === edit.day ? { kind: 'do' } : nothing(reply.staysLonger(edit.project));
    case 'fork':
      if (project.frozen !== null) return refuse(reply.frozen(project, config.policy.admins));
      if (!mayManage(config.policy, project, actor)) return notAllowed('fork', managers);
      if (!admin && edit.owner.toLowerCase() !== actor.toLowerCase()) return refuse(reply.foreignOwner(actor, edit));
      return findProject(config.projects, edit.owner, edit.name) === undefined
        ? { kind: 'do' }
        : refuse(reply.nameTaken(`${edit.owner}/${edit.name}`));
  }
}

function judgeDrop(project: Project, login: string): EditVerdict {
  if (!isMember(project, login)) return nothing(reply.holdsNothing(login, projectKey(project)));
  const others = project.maintainers.filter((name) => name.toLowerCase() !== login);
  return others.length === 0 ? refuse(reply.lastMaintainer(login, projectKey(project))) : { kind: 'do' };
}

/** A maintainer may do all that a builder may. */
function holdsRole(project: Project, role: Role, login: string): boolean {
  const holders = role === 'builder' ? [...project.builders, ...project.maintainers] : project.maintainers;
  return holders.some((name) => name.toLowerCase() === login);
}

const refuse = (markdown: string): EditVerdict => ({ kind: 'refuse', markdown });
const nothing = (markdown: string): EditVerdict => ({ kind: 'nothing', markdown });
