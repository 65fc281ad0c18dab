// What the service wrote down and nothing can make again: whether it can be read as it is.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readRegularFile } from '@coppice/builder-runner/regular-file';
import {
  maximumResultBytes,
  parseChroot,
  parseJsonAs,
  parseResult,
  projectsJsonSchema,
  published,
  queueSnapshotSchema,
} from '@coppice/config';
import type { Home } from '../service/home.ts';
import { broken, type Finding, good } from './doctor-finding.ts';

/** Of what the service writes anew by itself. */
export const maximumJsonBytes = 256 * 1024 ** 2;
const recordsAtOnce = 32;
const shownRecords = 5;

/** Each `result.json` below `published/results`: a build whose record is damaged is on no page and in no plan. */
export async function recordsFinding(home: Home): Promise<Finding> {
  const folders = await recordFolders(home.published);
  const damaged: string[] = [];
  let count = 0;
  const look = async (folder: string) => {
    const name = `${folder}/result.json`;
    const read = await readRegularFile(join(home.published, name), maximumResultBytes);
    if (read === undefined) return;
    count += 1;
    const record = read.kind === 'text' ? parseResult(read.text, folder) : read;
    if (record.kind !== 'result') damaged.push(`published/${name}: ${record.why}`);
  };
  for (let at = 0; at < folders.length; at += recordsAtOnce) {
    await Promise.all(folders.slice(at, at + recordsAtOnce).map(look));
  }
  if (damaged.length === 0) return good('records', `${count} of builds, all whole`);
  const more = damaged.length > shownRecords ? `; and ${damaged.length - shownRecords} more` : '';
  const fix =
    'put them back from a backup; else delete the build, or build the package again: the new one takes its place';
  return broken('records', `${damaged.sort().slice(0, shownRecords).join('; ')}${more}`, fix);
}

/** `results/<owner>/<project>/<chroot or srpm-builds>/<build>`, relative to `published/`. */
async function recordFolders(root: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const owner of await foldersIn(root, 'results')) {
    for (const project of await foldersIn(root, owner)) {
      for (const inner of await foldersIn(root, project)) {
        const name = inner.slice(project.length + 1);
        if (parseChroot(name) === undefined && name !== 'srpm-builds') continue;
        for (const build of await foldersIn(root, inner)) {
          if (/^\d{8}/.test(build.slice(inner.length + 1))) found.push(build);
        }
      }
    }
  }
  return found;
}

async function foldersIn(root: string, folder: string): Promise<readonly string[]> {
  const entries = await readdir(join(root, folder), { withFileTypes: true }).catch(() => []);
  return entries.flatMap((entry) => (entry.isDirectory() ? [`${folder}/${entry.name}`] : []));
}

/** What the site reads besides: the queue and the projects as they were told last. The service writes both anew. */
export async function snapshotsFinding(home: Home): Promise<Finding> {
  const damaged: string[] = [];
  const files = [
    [published.queueJson, queueSnapshotSchema],
    [published.projectsJson, projectsJsonSchema],
  ] as const;
  for (const [name, schema] of files) {
    const read = await readRegularFile(join(home.published, name), maximumJsonBytes);
    if (read === undefined) continue;
    const parsed = read.kind === 'text' ? parseJsonAs<unknown>(read.text, schema) : read;
    if (parsed.kind !== 'value') damaged.push(`published/${name}: ${parsed.why}`);
  }
  if (damaged.length === 0) return good('snapshots', 'of the queue and the projects can be read');
  return broken('snapshots', damaged.join('; '), 'remove them: the service writes them anew when it starts');
}
