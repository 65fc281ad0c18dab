// The mirror that the settings name, if any.
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Settings } from '@coppice/config';
import { describeError } from '../base/errors.ts';
import { graceSeconds } from '../publish/repository-of.ts';
import { type Mirror, type MirrorOptions, mirrorFolder, startMirror } from './mirror.ts';
import { MirrorError, type MirrorTarget } from './target.ts';
import { openRsyncTarget } from './target-rsync.ts';

/** Undefined when the settings name none. Throws MirrorError when a file that they name cannot be read. */
async function openTarget({ mirror }: Pick<Settings, 'mirror'>, home: string): Promise<MirrorTarget | undefined> {
  const { rsync, s3 } = mirror;
  if (rsync !== undefined)
    return openRsyncTarget({ ...rsync, keyFile: resolve(home, rsync.keyFile) }, mirrorFolder(home));
  if (s3 === undefined) return undefined;
  // What it stands on is large, and most services do without.
  const { openS3Target } = await import('./target-s3.ts');
  return openS3Target(
    s3,
    s3.secretKeyFile === undefined ? undefined : await readSecret(resolve(home, s3.secretKeyFile)),
  );
}

async function readSecret(path: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (cause) {
    const text = `${path} cannot be read (${describeError(cause)}): let \`mirror.s3.secretKeyFile\` name a file with the secret`;
    throw new MirrorError(text, { cause });
  }
}

/** Undefined when the settings name no mirror. Throws MirrorError. */
export async function openMirror(
  settings: Pick<Settings, 'mirror'>,
  options: Pick<MirrorOptions, 'home' | 'log' | 'now'>,
): Promise<Mirror | undefined> {
  const target = await openTarget(settings, options.home);
  return target && startMirror({ ...options, target, graceSeconds });
}

/**
 * Tries the mirror: reach it, write, remove. Resolves with its name; undefined when there is none. Throws MirrorError.
 */
export async function probeMirror(settings: Pick<Settings, 'mirror'>, home: string): Promise<string | undefined> {
  const target = await openTarget(settings, home);
  await target?.probe(AbortSignal.timeout(60_000));
  return target?.name;
}
