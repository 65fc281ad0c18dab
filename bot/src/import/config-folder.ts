// A config repo in a folder: what is there, and new files beside it.
import { lstat, readdir, readFile } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { replaceFile } from '@coppice/builder-runner/replace-file';
import { type ConfigTree, isConfigYaml, maximumYamlBytes } from '@coppice/config';
import { sayFileFault } from '../vocabulary/file-fault.ts';
import { ImportError } from './import-error.ts';

/** The files of a config repo; an empty tree when the folder is empty or not there. Throws ImportError `file`. */
export async function readConfigFolder(folder: string): Promise<ConfigTree> {
  const texts = new Map<string, string>();
  const oversize = new Map<string, number>();
  const paths = new Set<string>();
  try {
    for (const path of await filesBelow(folder)) {
      paths.add(path);
      if (!isConfigYaml(path)) continue;
      const about = await lstat(join(folder, path));
      if (!about.isFile()) continue;
      if (about.size > maximumYamlBytes) oversize.set(path, about.size);
      texts.set(path, about.size > maximumYamlBytes ? '' : await readFile(join(folder, path), 'utf8'));
    }
  } catch (cause) {
    throw new ImportError('file', `${folder} ${sayFileFault(cause)}. Name the folder of a config repo.`, { cause });
  }
  return { texts, oversize, paths };
}

/** Paths below the places that a config repo is read from, with `/`. */
async function filesBelow(folder: string): Promise<readonly string[]> {
  const found: string[] = [];
  const missing = (error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  };
  for (const top of await readdir(folder, { withFileTypes: true }).catch(missing)) {
    if (!top.isDirectory()) found.push(top.name);
    else if (['projects', 'packages', 'chroots'].includes(top.name)) {
      const below = await readdir(join(folder, top.name), { withFileTypes: true, recursive: true });
      for (const entry of below) {
        if (entry.isDirectory()) continue;
        found.push(join(entry.parentPath, entry.name).slice(folder.length).split(sep).join('/').replace(/^\/+/, ''));
      }
    }
  }
  return found;
}

/**
 * Writes all files below `folder`, or none when one of them is there already and `force` is false. Each appears whole.
 * Throws ImportError `file`.
 */
export async function writeFiles(folder: string, files: ReadonlyMap<string, string>, force: boolean): Promise<void> {
  const there: string[] = [];
  for (const path of files.keys()) {
    const about = await lstat(join(folder, path)).catch(() => undefined);
    if (about !== undefined) there.push(join(folder, path));
  }
  if (there.length > 0 && !force) {
    throw new ImportError('file', `Nothing was written: ${there.join(', ')} exists. Use --force to replace it.`);
  }
  for (const [path, text] of files) {
    const target = join(folder, path);
    try {
      // The import can be run again.
      await replaceFile(target, text, { sync: false });
    } catch (cause) {
      throw new ImportError('file', `${target} ${sayFileFault(cause)}. Name another folder with --output.`, { cause });
    }
  }
}
