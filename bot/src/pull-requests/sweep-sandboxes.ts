// Takes away the sandboxes of pull requests that were closed long enough ago, as `retention.pullRequests` of the policy
// says.
import { join } from 'node:path';
import type { QueuedBuild } from '@coppice/config';
import { readSandbox } from '@coppice/config';
import { foldersIn } from '../planning/result-folders.ts';
import type { KnownPull } from '../vocabulary/known-pull.ts';

interface SweepContext {
  readonly pulls: () => readonly KnownPull[];
  readonly live: () => readonly QueuedBuild[];
  readonly publishedFolder: string;
  /** Seconds; undefined while there is no policy. */
  readonly retentionSeconds: () => number | undefined;
  readonly now: () => Date;
  /** Deletes all that was published of a project. */
  readonly remove: (owner: string, project: string) => Promise<void>;
  readonly forget: (pull: number) => Promise<unknown>;
}

/**
 * Pull requests whose sandboxes are due: closed for long enough, and nothing in the queue that is of them or publishes
 * what they have. Pure.
 */
export function duePulls(
  pulls: readonly KnownPull[],
  live: readonly QueuedBuild[],
  retentionSeconds: number,
  now: Date,
): readonly number[] {
  return pulls
    .filter(({ closedAt }) => closedAt !== null && Date.parse(closedAt) + retentionSeconds * 1000 <= now.getTime())
    .map(({ number }) => number)
    .filter((number) => !live.some((build) => isUse(build, number)));
}

function isUse({ project, promotes }: QueuedBuild, pull: number): boolean {
  return [project, promotes?.project ?? ''].some((name) => readSandbox(name)?.pull === pull);
}

/**
 * Rejects when one cannot be taken away; it is tried again at the next sweep. Gives the numbers of those that are gone.
 */
export async function sweepSandboxes(context: SweepContext): Promise<readonly number[]> {
  const retention = context.retentionSeconds();
  if (retention === undefined) return [];
  const due = duePulls(context.pulls(), context.live(), retention, context.now());
  if (due.length === 0) return [];
  // The folders tell, not the last head: an earlier one may have built other projects.
  const results = join(context.publishedFolder, 'results');
  for (const owner of await foldersIn(results)) {
    for (const project of await foldersIn(join(results, owner))) {
      const pull = readSandbox(project)?.pull;
      if (pull !== undefined && due.includes(pull)) await context.remove(owner, project);
    }
  }
  for (const pull of due) await context.forget(pull);
  return due;
}
