// Whether a project is frozen: as the config says, or because what it published was taken out of reach and not put back
// yet.
import { join } from 'node:path';
import { published, readSandbox } from '@coppice/config';
import { exists } from '../base/absent.ts';
import { replaceFile } from '../base/replace-file.ts';

/** That the folder is there is the mark of a project that is frozen. */
export function frozenFolder(home: string, owner: string, project: string): string {
  return join(home, 'state', 'frozen', owner, project);
}

/** Where all that a frozen project has published lies meanwhile, laid out as in `published/`. */
export function frozenResults(home: string, owner: string, project: string): string {
  return join(home, 'state', 'withheld', published.project(owner, project));
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

/** Writes what web servers say in place of all that the project has published. */
export async function writeFrozenNote(
  { home, url }: { readonly home: string; readonly url: string },
  owner: string,
  project: string,
): Promise<void> {
  const page = `${url}/${published.projectPage(owner, readSandbox(project)?.project ?? project)}`;
  const called = `${owner}/${project}`;
  const note = `${called} is frozen: its packages, logs and source packages are out of reach. Why: ${page}\n`;
  await replaceFile(join(home, 'published', published.frozenNote(owner, project)), note, { sync: true });
}
