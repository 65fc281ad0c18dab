// Takes away the sandboxes of pull requests that were closed long enough ago, as `retention.pullRequests` of the policy
// says.
import { join } from 'node:path';
import type { QueuedBuild } from '@coppice/config';
import { readSandbox } from '@coppice/config';
import { foldersIn } from '../planning/result-folders.ts';
import type { KnownPull } from '../vocabulary/known-pull.ts';

export interface SweepContext {
  readonly pulls: () => readonly KnownPull[];
  readonly live: () => readonly QueuedBuild[];
  readonly publishedFolder: string;
  /** Where the results of frozen projects are. */
  readonly withheldFolder: string;
  /** Whether a project is frozen: what admins look into stays as it is until they have resolved it. */
  readonly isFrozen: (owner: string, project: string) => boolean;
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
  const due = findDue(context);
  if (due.length === 0) return [];
  const found = await findSandboxes(context, due);
  const waiting = new Set(found.filter((one) => waits(one, context)).map(({ pull }) => pull));
  for (const one of found) if (!waits(one, context)) await context.remove(one.owner, one.project);
  const gone = due.filter((pull) => !waiting.has(pull));
  for (const pull of gone) await context.forget(pull);
  return gone;
}

/** What the next sweep takes away. */
export async function dueSandboxes(context: SweepContext): Promise<readonly FoundSandbox[]> {
  return (await findSandboxes(context, findDue(context))).filter((one) => !waits(one, context));
}

function findDue({ retentionSeconds, pulls, live, now }: SweepContext): readonly number[] {
  const retention = retentionSeconds();
  return retention === undefined ? [] : duePulls(pulls(), live(), retention, now());
}

function waits({ owner, project }: FoundSandbox, { isFrozen }: SweepContext): boolean {
  return isFrozen(owner, readSandbox(project)?.project ?? project);
}

/** A sandbox of a pull request whose results are there. */
export interface FoundSandbox {
  readonly owner: string;
  readonly project: string;
  readonly pull: number;
}

/** The folders tell, not the last head: an earlier one may have built other projects. */
async function findSandboxes(
  { publishedFolder, withheldFolder }: Pick<SweepContext, 'publishedFolder' | 'withheldFolder'>,
  pulls: readonly number[],
): Promise<readonly FoundSandbox[]> {
  if (pulls.length === 0) return [];
  const found: FoundSandbox[] = [];
  for (const results of [publishedFolder, withheldFolder].map((folder) => join(folder, 'results'))) {
    for (const owner of await foldersIn(results)) {
      for (const project of await foldersIn(join(results, owner))) {
        const pull = readSandbox(project)?.pull;
        if (pull !== undefined && pulls.includes(pull)) found.push({ owner, project, pull });
      }
    }
  }
  return found;
}
