// Recorded answers of Copr's API 3: one JSON document, or a folder of the raw answers.
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { sayFileFault } from '../vocabulary/file-fault.ts';
import { readGivenFile } from '../vocabulary/given-file.ts';
import {
  type CoprAnswers,
  type CoprPackage,
  coprChrootSchema,
  coprPackageListSchema,
  coprProjectSchema,
} from './copr-answers.ts';
import { checkAnswer, parseJson } from './fetch-copr.ts';
import { ImportError } from './import-error.ts';

const maximumBytes = 64 * 1024 * 1024;

/** `packages` and `chroots` are lists of items, or raw answers. */
const recordedSchema = z.strictObject({
  project: coprProjectSchema,
  packages: z.union([coprPackageListSchema.transform(({ items }) => items), coprPackageListSchema.shape.items]),
  chroots: z.array(coprChrootSchema).prefault([]),
});

/**
 * `path` is a file `{"project": …, "packages": [… or a raw answer], "chroots": [… may be left out]}`, or a folder with
 * `project.json`, `package-list*.json` (one for each page) and `project-chroot*.json` (one for each chroot). Throws
 * ImportError `file` or `answer`.
 */
export async function readRecorded(path: string): Promise<CoprAnswers> {
  const refuse = (cause: unknown) => {
    const next = 'Name a file or folder of recorded answers, or the address of a Copr.';
    throw new ImportError('file', `${path} ${sayFileFault(cause)}. ${next}`, { cause });
  };
  const about = await stat(path).catch(refuse);
  if (!about.isDirectory()) return checkAnswer(recordedSchema, await readJson(path), path);
  const names = (await readdir(path).catch(refuse)).filter((name) => name.endsWith('.json')).sort();
  const packages: CoprPackage[] = [];
  const chroots: CoprAnswers['chroots'][number][] = [];
  for (const name of names) {
    const file = join(path, name);
    if (name.startsWith('package-list')) {
      packages.push(...checkAnswer(coprPackageListSchema, await readJson(file), file).items);
    } else if (name.startsWith('project-chroot')) {
      chroots.push(checkAnswer(coprChrootSchema, await readJson(file), file));
    }
  }
  if (!names.some((name) => name.startsWith('package-list'))) {
    throw new ImportError('file', `${path} holds no package-list.json, the answer of /api_3/package/list.`);
  }
  const project = join(path, 'project.json');
  return { project: checkAnswer(coprProjectSchema, await readJson(project), project), packages, chroots };
}

async function readJson(path: string): Promise<unknown> {
  try {
    const answer = parseJson(await readGivenFile(path, maximumBytes));
    if (answer === undefined) throw new Error('it is no JSON');
    return answer;
  } catch (cause) {
    throw new ImportError('file', `${path} ${sayFileFault(cause)}. Record the answer of Copr's API there.`, { cause });
  }
}
