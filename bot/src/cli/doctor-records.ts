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

/**
 * Each `result.json` below `published/results`: a build whose record is damaged is on no page and in no plan, until a
 * newer one of its package takes its place.
 */
export async function recordsFinding(home: Home): Promise<Finding> {
  const folders = await recordFolders(home.published);
  const packages = packagesByBuild(folders);
  const damaged: { readonly folder: string; readonly why: string }[] = [];
  /** Place of a package → its newest good build there. */
  const newest = new Map<string, number>();
  let count = 0;
  const look = async (folder: string) => {
    const read = await readRegularFile(join(home.published, folder, 'result.json'), maximumResultBytes);
    if (read === undefined) return;
    count += 1;
    const record = read.kind === 'text' ? parseResult(read.text, folder) : read;
    if (record.kind !== 'result') damaged.push({ folder, why: record.why });
    else if (record.result.state === 'succeeded') {
      const place = placeOf(folder, packages);
      newest.set(place, Math.max(newest.get(place) ?? 0, record.result.id));
    }
  };
  for (let at = 0; at < folders.length; at += recordsAtOnce) {
    await Promise.all(folders.slice(at, at + recordsAtOnce).map(look));
  }
  if (damaged.length === 0) return good('records', `${count} of builds, all whole`);
  const isReplaced = ({ folder }: { readonly folder: string }) =>
    (newest.get(placeOf(folder, packages)) ?? 0) > parseFolder(folder).id;
  const missed = damaged.filter((one) => !isReplaced(one));
  if (missed.length === 0) {
    const ids = [...new Set(damaged.map(({ folder }) => parseFolder(folder).id))].sort((one, other) => one - other);
    const clear = `the packages were built again since; /delete with the number clears each`;
    return good('records', `${count} of builds, damaged ones of ${listShort(ids.map(String), ', ')}: ${clear}`);
  }
  const names = missed.map(({ folder, why }) => `published/${folder}/result.json: ${why}`).sort();
  const fix =
    'put them back from a backup; else delete the build, or build the package again: the new one takes its place';
  return broken('records', listShort(names, '; '), fix);
}

function listShort(names: readonly string[], between: string): string {
  const more = names.length > shownRecords ? `${between}and ${names.length - shownRecords} more` : '';
  return `${names.slice(0, shownRecords).join(between)}${more}`;
}

/** The folder of a build; `place` is that of the project's chroot, `package` is missing where source packages are. */
function parseFolder(folder: string): { readonly place: string; readonly id: number; readonly package: string } {
  const at = folder.lastIndexOf('/');
  const name = folder.slice(at + 1);
  return { place: folder.slice(0, at), id: Number(name.slice(0, 8)), package: name.slice(9) };
}

/** `owner/project/id` → package, as the folders of chroots are called: those of source packages do not say it. */
function packagesByBuild(folders: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    folders.flatMap((folder) => {
      const { place, id, package: name } = parseFolder(folder);
      return name === '' ? [] : [[`${projectFolder(place)}/${id}`, name] as const];
    }),
  );
}

function placeOf(folder: string, packages: ReadonlyMap<string, string>): string {
  const { place, id, package: name } = parseFolder(folder);
  return `${place}/${name === '' ? (packages.get(`${projectFolder(place)}/${id}`) ?? id) : name}`;
}

function projectFolder(place: string): string {
  return place.slice(0, place.lastIndexOf('/'));
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
