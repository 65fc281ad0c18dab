// What an edit makes of the files of the config repo. Pure.
import type { ConfigEdit } from '../vocabulary/config-edit.ts';
import { addToList, removeFromList, removeKey, setKey } from './edit-yaml.ts';

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
