// Whether a project is frozen: as the config says, or because its repositories were taken offline and not put back yet.
import { join } from 'node:path';
import { exists } from '../base/absent.ts';

/** Where the metadata of a frozen project lies meanwhile; that the folder is there is the mark. */
export function frozenFolder(home: string, owner: string, project: string): string {
  return join(home, 'state', 'frozen', owner, project);
}

/** True when nothing of the project may be published. */
export async function isFrozen(
  publisher: { readonly home: string; readonly isFrozen?: (owner: string, project: string) => boolean },
  owner: string,
  project: string,
): Promise<boolean> {
  if (publisher.isFrozen?.(owner, project) === true) return true;
  return exists(frozenFolder(publisher.home, owner, project));
}
