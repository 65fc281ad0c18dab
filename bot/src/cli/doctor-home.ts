// What the service keeps: room on its disks, who may read its secrets, whether its mirror can be read.
import { access, constants, lstat, readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { openGit } from '@coppice/builder-runner/remote';
import type { Settings } from '@coppice/config';
import { disksOf, findSplit, type Room, roomIn, saySplit } from '../service/disk-room.ts';
import type { Home } from '../service/home.ts';
import { describe } from '../service/log.ts';
import { configuredSecrets } from '../service/secrets.ts';
import { broken, type Finding, good } from './doctor-finding.ts';

/** Below this the queue may soon take no request: its journal could not grow. */
const leastQueueBytes = 256 * 1024 ** 2;

/**
 * The disk of COPPICE_HOME, while that is not there of the folder that it will be made in, and those of `state/` and
 * `published/`, where these are others.
 */
export async function diskFinding(home: Home): Promise<Finding> {
  try {
    const folder = await nearestFolder(home.folder);
    const rooms = await Promise.all((await disksOf({ ...home, folder })).map((each) => roomIn(each)));
    const short = rooms.filter(({ fix }) => fix !== undefined);
    const detail = (short.length === 0 ? rooms : short).map((room) => room.detail).join(', ');
    return roomFinding('disk', { detail, fix: short[0]?.fix });
  } catch (error) {
    const fix = `make ${home.folder} writable, or name another folder in COPPICE_HOME`;
    return broken('disk', describe(error), fix);
  }
}

/** Whether what is built can be moved to where it is published; nothing while that cannot be tried. */
export async function splitFinding(home: Home): Promise<readonly Finding[]> {
  const split = await findSplit(home).catch(() => undefined);
  if (split === undefined) return [];
  const { detail, fix } = saySplit(split);
  return [broken('file system', detail, fix)];
}

async function nearestFolder(path: string): Promise<string> {
  try {
    if ((await stat(path)).isDirectory()) return path;
  } catch (error) {
    if (!isMissing(error)) throw error;
    return await nearestFolder(dirname(path));
  }
  throw new Error(`${path} is no folder`);
}

/** The disk of the queue: state/queue may be another than that of COPPICE_HOME. */
export async function queueFinding(home: Home): Promise<Finding> {
  const folder = join(home.state, 'queue');
  try {
    return roomFinding('queue', await roomIn(folder, leastQueueBytes, 'with a full disk no request is accepted'));
  } catch (error) {
    if (isMissing(error)) return good('queue', 'not there yet; the service makes it');
    return broken('queue', describe(error), `make ${folder} writable for the user of the service`);
  }
}

function roomFinding(what: string, { detail, fix }: Room): Finding {
  return fix === undefined ? good(what, detail) : broken(what, detail, fix);
}

/** Nobody but the user of the service may read state/, its keys and its secrets. */
export async function permissionsFinding(home: Home): Promise<Finding> {
  const open: string[] = [];
  for (const path of await privatePaths(home)) {
    const about = await lstat(path).catch(() => undefined);
    if (about !== undefined && !about.isSymbolicLink() && (about.mode & 0o077) !== 0) open.push(path);
  }
  if (open.length === 0) return good('permissions', `${home.state} is closed to others`);
  const shown = open.slice(0, 3).join(', ');
  const more = open.length > 3 ? ` and ${open.length - 3} more` : '';
  return broken('permissions', `others may get at ${shown}${more}`, `run: chmod -R go= ${home.state}`);
}

async function privatePaths(home: Home): Promise<readonly string[]> {
  const secrets = join(home.state, 'secrets');
  const keys = join(home.state, 'keys');
  const files = (await readdir(secrets).catch(() => [])).map((name) => join(secrets, name));
  return [home.state, secrets, ...files, keys, ...(await keyFolders(home))];
}

/** `state/keys/<owner>/<project>` of every project that has a key. */
export async function keyFolders(home: Home): Promise<readonly string[]> {
  const keys = join(home.state, 'keys');
  const found: string[] = [];
  for (const owner of await readdir(keys).catch(() => [])) {
    for (const project of await readdir(join(keys, owner)).catch(() => [])) found.push(join(keys, owner, project));
  }
  return found;
}

/** The secrets that the settings name; the embedded default makes its own. */
export async function secretsFinding(settings: Settings): Promise<Finding> {
  if (settings.github.mode === 'embedded') return good('secrets', 'the embedded default makes its own');
  if (settings.github.appId === undefined) {
    return broken('secrets', 'github.appId is not stated', 'state the number of the GitHub App in the settings');
  }
  try {
    await configuredSecrets(settings);
    return good('secrets', 'the key and the webhook secret of the GitHub App can be read by this user alone');
  } catch (error) {
    return broken(
      'secrets',
      describe(error),
      'run this as the user of the service; name the files in the settings, chmod 600',
    );
  }
}

/** The mirror of the config repo, from which everything is planned. */
export async function mirrorFinding(home: Home): Promise<Finding> {
  const repository = join(home.state, 'config.git');
  try {
    await access(repository, constants.R_OK);
    const git = openGit({ repository, timeoutSeconds: 30 });
    const commit = await git.text(['for-each-ref', '--format=%(objectname)', '--count=1']);
    if (commit === '') return good('mirror', `${repository} is empty; the service fetches it`);
    await git.text(['ls-tree', '-r', '--name-only', commit]);
    return good('mirror', `${repository} holds ${commit.slice(0, 12)}`);
  } catch (error) {
    if (isMissing(error)) return good('mirror', 'not there yet; the service makes it');
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EACCES') return broken('mirror', describe(error), 'run this as the user of the service');
    if (code === 'ENOTDIR') return broken('mirror', describe(error), 'name a folder in COPPICE_HOME');
    return broken('mirror', describe(error), `stop the service and move ${repository} away: it is fetched again`);
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === 'ENOENT';
}
