// What a pass of retention takes away, or would: as `coppice prune --json` prints it.
import { z } from 'zod';

const bytes = z.int().nonnegative();
/** `owner/name`. */
const project = z.string();
const id = z.int().positive();

/** What is asked of the running service. */
export const pruneWishSchema = z.strictObject({ dryRun: z.boolean() });

export const pruneReportSchema = z.object({
  /** Nothing has been done. */
  dryRun: z.boolean(),
  builds: z.array(
    z.object({
      ...{ project, chroot: z.string(), package: z.string(), id },
      why: z.enum(['failed', 'superseded']),
      endedAt: z.iso.datetime(),
      bytes,
    }),
  ),
  sources: z.array(z.object({ project, id, bytes })),
  generations: z.array(z.object({ project, chroot: z.string(), generation: id, bytes })),
  /** Sandboxes of pull requests that were closed long enough ago. */
  sandboxes: z.array(z.object({ project, pull: id, bytes })),
  /** Projects whose last day has come: a running service commits their removal. */
  projects: z.array(z.object({ project, deleteAfter: z.string(), bytes })),
  /** All of it, without `projects`. */
  bytes,
  /** What cannot be looked at and is left as it is, a sentence each. */
  problems: z.array(z.string()),
});
export type PruneReport = z.infer<typeof pruneReportSchema>;
