// Describes RPMs for `result.json`: size, hash and NEVRA.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type Artifact, formatNevra } from '@coppice/config';
import { readRpmHeader } from './rpm-header.ts';

/** Size and hash of each of `files` in `folder`, as `result.json` records them; RPMs that were checked before. */
export async function describeArtifacts(folder: string, files: readonly string[]): Promise<readonly Artifact[]> {
  const artifacts: Artifact[] = [];
  for (const file of files) {
    const path = join(folder, file);
    const { nevra } = await readRpmHeader(path);
    const { size } = await lstat(path);
    artifacts.push({ file, nevra: formatNevra(nevra), bytes: size, sha256: await sha256Of(path) });
  }
  return artifacts;
}

/** The SHA-256 of a file, in hexadecimal. */
export async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
