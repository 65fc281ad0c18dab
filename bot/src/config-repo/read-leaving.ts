// What projects that are leaving stated last, from the commits that stated it.
import { projectKey } from '@coppice/config';
import type { Leaving, LeavingProject } from '../vocabulary/leaving.ts';
import { readConfigAt } from './config-in-force.ts';
import type { ConfigRepoMirror } from './mirror.ts';

/** Those that can be read; of others `unread` is told, with why. They are deleted in their time all the same. */
export async function readLeaving(
  leaving: readonly Leaving[],
  mirror: ConfigRepoMirror,
  unread: (statedAt: string, error: unknown) => void,
): Promise<readonly LeavingProject[]> {
  const found: LeavingProject[] = [];
  for (const statedAt of new Set(leaving.map((one) => one.statedAt))) {
    const parsed = await readConfigAt(mirror, statedAt).catch((error: unknown) => unread(statedAt, error));
    if (!parsed?.ok) continue;
    const projects = new Map(parsed.value.config.projects.map((project) => [projectKey(project), project]));
    for (const one of leaving) {
      const stated = projects.get(one.project);
      if (one.statedAt === statedAt && stated !== undefined) found.push({ ...one, stated });
    }
  }
  return found;
}
