// What a start does for projects that are frozen: their takedown may have been cut off.
import type { Log, ProjectsPort } from '@coppice/builder-runner/runner';
import type { ConfigAtCommit } from '../config-repo/config-in-force.ts';
import { countingLeaving } from '../vocabulary/leaving.ts';

/**
 * A takedown that was cut off goes on to its end, also where an older version left files of builds in reach. A project
 * that is leaving stays frozen until it is gone. Does not reject: what cannot be taken down is logged.
 */
export async function takeDownFrozen(
  at: Pick<ConfigAtCommit, 'config' | 'leaving'> | undefined,
  projects: Pick<ProjectsPort, 'freeze'>,
  log: Log,
): Promise<void> {
  for (const { owner, name, frozen } of at === undefined ? [] : countingLeaving(at).projects) {
    if (frozen === null) continue;
    await projects
      .freeze({ owner, name })
      .catch((error: unknown) => log('error', `${owner}/${name} is frozen, and could not be taken down`, { error }));
  }
}
