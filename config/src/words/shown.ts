// What users get of a repository where that is not what was built last: beside its metadata, for pages and programs.
import { z } from 'zod';

const shownPackageSchema = z.object({
  package: z.string(),
  /** The folder of the build that users get, null for none. */
  build: z
    .string()
    .regex(/^\d{8,15}-[^/]+$/)
    .nullable(),
  /** Its `[epoch:]version-release`. */
  version: z.string().nullable(),
  /** A newer build waits to be published, or users were given an older one by a rollback. */
  why: z.enum(['waits', 'taken-back']),
});
/** A package of which users get another build than the newest good one. */
export type ShownPackage = z.infer<typeof shownPackageSchema>;

/**
 * `results/<owner>/<project>/<chroot>/shown.json`: the packages of which users get another build than the newest good
 * one, or none. Without the file there are none.
 */
export const shownJsonSchema = z.object({ schemaVersion: z.literal(1), packages: z.array(shownPackageSchema) });
export type ShownJson = z.infer<typeof shownJsonSchema>;

/** More than that of any repository in which everything waits. */
export const maximumShownBytes = 64 * 1024 ** 2;
