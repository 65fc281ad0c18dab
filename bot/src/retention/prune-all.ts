// One pass of retention over everything: what runs out by itself (builds, sandboxes) goes, and what a commit has to
// take away (projects with a last day) is named.
import { join } from 'node:path';
import type { Pruned, PruneOptions } from '@coppice/builder-runner/runner';
import { folderBytes } from '@coppice/builder-runner/runner';
import { type ChrootName, findProject, published, type QueuedBuild, readSandbox, retentionOf } from '@coppice/config';
import type { ConfigAtCommit } from '../config-repo/config-in-force.ts';
import { dueProjects } from '../edits/expire-projects.ts';
import { dueSandboxes, type SweepContext, sweepSandboxes } from '../pull-requests/sweep-sandboxes.ts';
import { countingLeaving } from '../vocabulary/leaving.ts';
import type { PruneReport } from '../vocabulary/prune-report.ts';

export interface PruneContext {
  /** The runner's pass over builds. */
  readonly prune: (options: PruneOptions) => Promise<Pruned>;
  readonly sandboxes: SweepContext;
  readonly live: () => readonly QueuedBuild[];
  readonly publishedFolder: string;
  readonly now: () => Date;
  /** Aborted: no further project is looked at. */
  readonly signal?: AbortSignal;
}

/** So many builds of a repository go at once before others have their turn. */
const atMost = 500;

/**
 * Does it, or says what it would do. `once`: one bounded pass; `isCut` says that another one goes on. Rejects on faults
 * of the machinery.
 */
export async function pruneAll(
  at: ConfigAtCommit,
  context: PruneContext,
  { dryRun, once = false }: { readonly dryRun: boolean; readonly once?: boolean },
): Promise<PruneReport & { readonly isCut: boolean }> {
  const { publishedFolder, now, signal } = context;
  const options = {
    ...rulesOf(at, now()),
    ...(signal && { signal }),
    dryRun,
    atMost: dryRun ? Number.POSITIVE_INFINITY : atMost,
  };
  const weigh = (owner: string, name: string) => folderBytes(join(publishedFolder, published.project(owner, name)));
  const sandboxes = [];
  for (const { owner, project, pull } of await dueSandboxes(context.sandboxes))
    sandboxes.push({ project: `${owner}/${project}`, pull, bytes: await weigh(owner, project) });
  if (!dryRun) await sweepSandboxes(context.sandboxes);
  const projects = [];
  for (const { owner, name, deleteAfter } of dueProjects(at.config.projects, now()))
    projects.push({ project: `${owner}/${name}`, deleteAfter, bytes: await weigh(owner, name) });
  const isGone = new Set(sandboxes.map(({ project }) => project));
  const done: Pruned[] = [];
  do {
    done.push(await context.prune({ ...options, live: context.live() }));
  } while (done.at(-1)?.isCut === true && !once && !dryRun);
  const stays = ({ project }: { readonly project: string }) => !isGone.has(project);
  const report = {
    builds: done.flatMap(({ builds }) => builds).filter(stays),
    sources: done.flatMap(({ sources }) => sources).filter(stays),
    generations: done.flatMap(({ generations }) => generations).filter(stays),
    sandboxes,
  };
  const bytes = Object.values(report)
    .flat()
    .reduce((sum, each) => sum + each.bytes, 0);
  const problems = [...new Set(done.flatMap((each) => each.problems))];
  return { dryRun, ...report, projects, bytes, problems, isCut: done.at(-1)?.isCut === true };
}

function rulesOf(at: ConfigAtCommit, now: Date): Pick<PruneOptions, 'retentionOf' | 'isPromised' | 'now'> {
  const { policy } = at.config;
  const { projects } = countingLeaving(at);
  const today = now.toISOString().slice(0, 10);
  return {
    now,
    retentionOf: (owner, name) => retentionOf(policy, findProject(projects, owner, readSandbox(name)?.project ?? name)),
    isPromised: (chroot: ChrootName) => (policy.chrootStates.get(chroot)?.keepUntil ?? '') >= today,
  };
}

/** `owner/name` of all projects of which something has gone. */
export function touchedBy({ builds, sources, generations, sandboxes }: PruneReport): ReadonlySet<string> {
  return new Set([builds, sources, generations, sandboxes].flatMap((some) => some.map(({ project }) => project)));
}

/** One line for the log. */
export function describePrune(report: PruneReport): string {
  const counts = [
    [report.builds.length, 'builds'],
    [report.sources.length, 'source packages'],
    [report.generations.length, 'generations'],
    [report.sandboxes.length, 'sandboxes'],
  ] as const;
  return `Retention: ${counts.map(([count, what]) => `${count} ${what}`).join(', ')} removed, ${report.bytes} bytes`;
}
