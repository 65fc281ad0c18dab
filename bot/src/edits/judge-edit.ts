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
import { addToList, removeFromList, removeKey, setKey } from './edit-yaml.ts';

/** `project` is `owner/name` of a project that the config states; `login` is in lower case. */
export type ConfigEdit =
  | { readonly kind: 'grant'; readonly project: string; readonly role: Role; readonly login: string }
  | { readonly kind: 'drop'; readonly project: string; readonly login: string }
  | { readonly kind: 'freeze'; readonly project: string; readonly reason: string }
  | { readonly kind: 'unfreeze'; readonly project: string }
  | { readonly kind: 'delete'; readonly project: string }
  /** The project states this day as its `deleteAfter`. */
  | { readonly kind: 'expire'; readonly project: string; readonly day: string }
  | { readonly kind: 'fork'; readonly project: string; readonly owner: string; readonly name: string };

/** `refuse` and `nothing` say why in Markdown; `nothing`: it is so already. */
export type EditVerdict =
  | { readonly kind: 'do' }
  | { readonly kind: 'refuse'; readonly markdown: string }
  | { readonly kind: 'nothing'; readonly markdown: string };

/** Asked twice: with the config in force when the command is decided, and with the head of the branch that is changed. */
export function judgeEdit(edit: ConfigEdit, config: ConfigRepo, actor: string): EditVerdict {
  const [owner = '', name = ''] = edit.project.split('/');
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

/** What becomes of files and folders. */
export interface TreeChange {
  /** Path → new text. */
  readonly write: ReadonlyMap<string, string>;
  /** Files, and folders with all that is in them. */
  readonly remove: readonly string[];
  /** Folders that stand at another place as well; nothing happens to one that is not there. */
  readonly copy: readonly { readonly from: string; readonly to: string }[];
}

/** `text` is that of the project's file, `path` its place. `actor` becomes the maintainer of a fork. */
export function applyEdit(edit: ConfigEdit, path: string, text: string, actor: string): TreeChange {
  const write = (changed: string): TreeChange => ({ write: new Map([[path, changed]]), remove: [], copy: [] });
  switch (edit.kind) {
    case 'grant':
      return edit.role === 'builder'
        ? write(addToList(text, 'builders', edit.login, 'maintainers'))
        : write(addToList(removeFromList(text, 'builders', edit.login), 'maintainers', edit.login, 'maintainers'));
    case 'drop':
      return write(removeFromList(removeFromList(text, 'builders', edit.login), 'maintainers', edit.login));
    case 'freeze':
      return write(setKey(text, 'frozen', edit.reason));
    case 'unfreeze':
      return write(removeKey(text, 'frozen'));
    case 'delete':
    case 'expire':
      return { write: new Map(), remove: [path, `packages/${edit.project}`], copy: [] };
    case 'fork':
      return applyFork(edit, text, actor);
  }
}

/** What a fork does not take over: who may, and what was decided about that one project. */
const ownKeys = ['builders', 'deleteAfter', 'pinned', 'renamedFrom', 'forkedFrom'] as const;

function applyFork(edit: Extract<ConfigEdit, { kind: 'fork' }>, text: string, actor: string): TreeChange {
  const key = `${edit.owner}/${edit.name}`;
  const bare = ownKeys.reduce(removeKey, text);
  const forked = setKey(setKey(bare, 'maintainers', [actor.toLowerCase()]), 'forkedFrom', edit.project);
  return {
    write: new Map([[`projects/${key}.yaml`, forked]]),
    remove: [],
    copy: [{ from: `packages/${edit.project}`, to: `packages/${key}` }],
  };
}

/** The first line of the commit. */
export function subjectOf(edit: ConfigEdit): string {
  switch (edit.kind) {
    case 'grant':
      return `Add ${edit.login} to the ${edit.role}s of ${edit.project}`;
    case 'drop':
      return `Remove ${edit.login} from ${edit.project}`;
    case 'freeze':
      return `Freeze ${edit.project}`;
    case 'unfreeze':
      return `Unfreeze ${edit.project}`;
    case 'delete':
      return `Delete ${edit.project}`;
    case 'expire':
      return `Delete ${edit.project}, which was to be deleted on ${edit.day}`;
    case 'fork':
      return `Fork ${edit.project} as ${edit.owner}/${edit.name}`;
  }
}
