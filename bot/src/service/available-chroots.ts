// What `dnf copr enable` is told of a chroot that its project does not have: the chroots that there are, in the header
// in which Copr tells them. Source: the copr plugin of dnf 4 (`_download_repo`) in
// https://github.com/rpm-software-management/dnf-plugins-core.
import { readdir } from 'node:fs/promises';
import { isPathOwner, isPathProject, parseChroot, published } from '@coppice/config';
import { resolvePublished } from './files/open-published.ts';

/** The header, which holds JSON in base64. */
export const errorDataHeader = 'Copr-Error-Data';

/**
 * The value of the header for `path` (percent-encoded), when that is the `dnf.repo` of a chroot that its project does
 * not have. Undefined for all else: also for projects that have none. `architecture`: what the client adds to the
 * address.
 */
export async function errorDataOf(
  root: string,
  path: string,
  architecture: string | null,
): Promise<string | undefined> {
  const asked = repositoryAsked(path);
  if (asked === undefined) return undefined;
  const { owner, project, release } = asked;
  const available: string[] = [];
  for (const name of await namesIn(root, published.project(owner, project))) {
    const chroot = parseChroot(name)?.name;
    const file = chroot && (await resolvePublished(root, published.dnfRepo(owner, project, chroot)));
    if (file !== undefined) available.push(name);
  }
  const isThere = available.some((name) => {
    const { distribution, release: number, architecture: own } = parseChroot(name) ?? {};
    if (`${distribution}-${number}` !== release) return false;
    // dnf calls all of 32-bit x86 i386.
    return architecture === null || own === architecture || (architecture === 'i386' && own === 'i686');
  });
  if (isThere || available.length === 0) return undefined;
  return Buffer.from(JSON.stringify({ 'available chroots': available.sort() })).toString('base64');
}

function repositoryAsked(path: string): { owner: string; project: string; release: string } | undefined {
  const parts = path.split('/').map(decoded);
  const [before, top, owner = '', project = '', repo, release = '', file, ...rest] = parts;
  if (before !== '' || top !== 'coprs' || repo !== 'repo' || file !== 'dnf.repo' || rest.length > 0) return undefined;
  return isPathOwner(owner) && isPathProject(project) ? { owner, project, release } : undefined;
}

function decoded(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}

async function namesIn(root: string, name: string): Promise<readonly string[]> {
  const folder = await resolvePublished(root, name);
  return folder?.kind === 'folder' ? await readdir(folder.path) : [];
}
