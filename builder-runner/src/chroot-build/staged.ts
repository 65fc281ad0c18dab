// Collected results that are not published yet, on the control host's disk. A restart resumes from here, so that a
// finished build never runs again. The mark is kept beside the folder, where no file from a builder can be written.
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type BuildId,
  type ChrootName,
  failureReasons,
  maximumResultBytes,
  parseJsonAs,
  resultSchema,
} from '@coppice/config';
import { z } from 'zod';
import { readRegularFile } from '../base/regular-file.ts';
import { replaceFile } from '../base/replace-file.ts';

const engineSchema = z.object({ name: z.string(), version: z.string() });

const markSchema = z.discriminatedUnion('step', [
  /** mock has ended, and all that is wanted of what it left is in the folder. */
  z.object({
    step: z.literal('collected'),
    engine: engineSchema,
    /** Null when mock succeeded. */
    failure: z
      .looseObject({
        reason: z.enum(failureReasons),
        message: z.string(),
        excerpt: z.array(z.string()),
        where: resultSchema.shape.where,
      })
      .nullable(),
    /** How its builder was made; absent where that is not known any more. */
    driver: z.string().optional(),
  }),
  /** The packages are checked and signed; some of the files may have been moved to where they are published. */
  z.object({
    step: z.literal('signed'),
    engine: engineSchema,
    files: z.array(z.string()),
    artifacts: resultSchema.shape.artifacts,
    /** What is to be said of it although it succeeded; absent where there is nothing. */
    remark: z.string().optional(),
    /** Absent in marks from before there were any. */
    accounts: resultSchema.pick({ attestation: true, sbom: true, packageHeaders: true }).optional(),
    /** Whose packages they are, where they were not built for this build. */
    promotedFrom: resultSchema.shape.promotedFrom,
  }),
]);
export type StagedMark = z.infer<typeof markSchema>;

interface Place {
  /** COPPICE_HOME. */
  readonly home: string;
  readonly id: BuildId;
  readonly chroot: ChrootName;
}

/** What is left here by a service that was killed is removed at the next start, but for what builds go on with. */
export function stagingRoot(home: string): string {
  return join(home, 'state', 'staging');
}

/** The folder that gets what is collected, absolute. */
export function stagingFolder({ home, id, chroot }: Place): string {
  return join(stagingRoot(home), `${id}-${chroot}`);
}

function markFile(place: Place): string {
  return `${stagingFolder(place)}.json`;
}

/** Notes how far the folder's content is; a crash leaves the mark before or this one. */
export async function writeMark(place: Place, mark: StagedMark): Promise<void> {
  const file = markFile(place);
  await mkdir(stagingRoot(place.home), { recursive: true, mode: 0o700 });
  await replaceFile(file, JSON.stringify(markSchema.parse(mark)), { sync: true, mode: 0o600 });
}

/** The mark, or undefined when there is none that can be read. */
export async function readMark(place: Place): Promise<StagedMark | undefined> {
  const read = await readRegularFile(markFile(place), maximumResultBytes).catch(() => undefined);
  const mark = read?.kind === 'text' ? parseJsonAs(read.text, markSchema) : undefined;
  // Cut off: the build is done again.
  return mark?.kind === 'value' ? mark.value : undefined;
}

/** Removes the folder and its mark, the mark first. */
export async function clearStaging(place: Place): Promise<void> {
  await rm(markFile(place), { force: true });
  // Whoever wrote there was told to stop; what it had begun may come to its end meanwhile.
  await rm(stagingFolder(place), { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}

/** Removes all that no build in `kept` goes on from. */
export async function clearOtherStaging(home: string, kept: readonly Omit<Place, 'home'>[]): Promise<void> {
  const names = new Set(kept.flatMap(({ id, chroot }) => [`${id}-${chroot}`, `${id}-${chroot}.json`]));
  const entries = await readdir(stagingRoot(home)).catch(() => []);
  for (const name of entries) {
    if (!names.has(name)) await rm(join(stagingRoot(home), name), { recursive: true, force: true });
  }
}
