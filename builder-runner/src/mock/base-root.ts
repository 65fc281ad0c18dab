// The root that builds of a chroot begin with, as real mock keeps it on a builder: its name, and who makes it there.
// mock-lite keeps its own.
import { createHash } from 'node:crypto';
import { utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Buildroot } from '@coppice/config';

/** The script, on this machine: it has to be in a build's folder beside `base.cfg`. */
export const baseRootScript = join(import.meta.dirname, 'with-base-root.sh');

export interface BaseRootParts {
  readonly chroot: string;
  /** The chroot's configuration where the config repo has one; else mock's own of that name counts, by its time. */
  readonly ownConfig: string | undefined;
  readonly buildroot: Pick<Buildroot, 'modules' | 'forcearch'>;
}

/**
 * The name under which mock keeps the root: another one when something that its content comes from is another. Pure.
 */
export function baseRootName({ chroot, ownConfig, buildroot }: BaseRootParts): string {
  const { modules, forcearch } = buildroot;
  const content = JSON.stringify([chroot, ownConfig ?? null, modules, forcearch]);
  return `coppice-${chroot}-${createHash('sha256').update(content).digest('hex').slice(0, 12)}`;
}

/** The command, begun when the base root is there. `folder` is the build's, absolute, on the builder. Pure. */
export function withBaseRoot(folder: string, argv: readonly string[]): readonly string[] {
  return ['sh', `${folder}/with-base-root.sh`, folder, ...argv];
}

/**
 * mock throws away what it keeps when a configuration has a newer time. A configuration is written for each build, and
 * what it says of the root is in the root's name: so they all have one time, long ago.
 */
const writtenAt = new Date('2001-01-01T00:00:00Z');

/** Writes mock's files into a folder from which they are uploaded with their times. */
export async function writeMockFiles(folder: string, texts: Readonly<Record<string, string>>): Promise<void> {
  await Promise.all(
    Object.entries(texts).map(async ([name, text]) => {
      await writeFile(join(folder, name), text);
      await utimes(join(folder, name), writtenAt, writtenAt);
    }),
  );
}
