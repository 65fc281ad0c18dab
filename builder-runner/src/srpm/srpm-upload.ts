// What goes to the builder for a source package, as far as it does not depend on which builder that is.
import { copyFile, mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { detachedScript } from '../builder/detached.ts';
import { inChrootScript, type MakeableSource } from './srpm-plan.ts';

/**
 * Moves the source into a new folder of `staging` (on the same file system), which is to be uploaded as it is but for mock's files, and
 * resolves with that folder. Only plain sources for mock lie open in it: a tree of anybody's making is unpacked inside the chroot alone.
 */
export async function packSource(source: MakeableSource, staging: string): Promise<string> {
  const upload = join(staging, 'upload');
  await mkdir(join(upload, 'result'), { recursive: true });
  await copyFile(detachedScript, join(upload, 'detached.sh'));
  if (source.kind === 'tree' && source.method === 'spec') {
    await rename(source.folder, join(upload, 'sources'));
    return upload;
  }
  const pack = join(staging, 'pack');
  await mkdir(pack);
  await rename(source.folder, join(pack, 'tree'));
  await copyFile(join(import.meta.dirname, inChrootScript), join(pack, inChrootScript));
  await execa('tar', ['-cf', join(upload, 'tree.tar'), '--owner=0', '--group=0', '-C', pack, '.'], { stdin: 'ignore' });
  return upload;
}
