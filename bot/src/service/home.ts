// COPPICE_HOME and the service settings, as the environment states them.
import { join, resolve } from 'node:path';
import { formatProblem, parseSettings, type Settings } from '@coppice/config';
import { ServiceError } from '../vocabulary/errors.ts';
import { sayFileFault } from '../vocabulary/file-fault.ts';
import { readGivenFile } from '../vocabulary/given-file.ts';

/** The variables that Coppice reads; nothing else of the environment changes what it does. */
export interface Environment {
  readonly COPPICE_HOME?: string;
  readonly COPPICE_PORT?: string;
  readonly COPPICE_GITHUB_PORT?: string;
  readonly COPPICE_SETTINGS?: string;
  readonly COPPICE_URL?: string;
  readonly COPPICE_TOKEN?: string;
  readonly COPPICE_LOG?: string;
}

/** Folders of one service, absolute. */
export interface Home {
  readonly folder: string;
  /** Private: queue, keys, config mirror, staging, secrets. */
  readonly state: string;
  /** Public: everything that is served. */
  readonly published: string;
  /** What can be made again: downloads, distributions. */
  readonly cache: string;
}

/** Where what frozen projects have published lies meanwhile, laid out as in `published/`. `folder` is COPPICE_HOME. */
export function withheldIn(folder: string): string {
  return join(folder, 'state', 'withheld');
}

/** The folders of the service; `COPPICE_HOME` defaults to `var/` in the current folder. */
export function readHome(environment: Environment): Home {
  const folder = resolve(environment.COPPICE_HOME ?? 'var');
  return { folder, state: join(folder, 'state'), published: join(folder, 'published'), cache: join(folder, 'cache') };
}

/**
 * The settings: the file that `COPPICE_SETTINGS` names, or the defaults (the embedded service); `COPPICE_PORT` wins
 * over both. Throws ServiceError `settings` with every problem of the file.
 */
export async function readSettings(environment: Environment): Promise<Settings> {
  const path = environment.COPPICE_SETTINGS;
  const text = path === undefined ? '' : await readSettingsFile(path);
  const parsed = parseSettings(text, path ?? 'defaults');
  if (!parsed.ok) {
    throw new ServiceError(
      'settings',
      `The settings are wrong:\n${parsed.problems.map((problem) => `  ${formatProblem(problem)}`).join('\n')}`,
    );
  }
  const settings = parsed.value;
  const port = readPort(environment.COPPICE_PORT, 'COPPICE_PORT') ?? settings.listen.port;
  return { ...settings, listen: { ...settings.listen, port } };
}

/** The file with the key that backups of keys are encrypted to, absolute; undefined when none is stated. */
export function backupKeyFile({ backup }: Settings, { folder }: Pick<Home, 'folder'>): string | undefined {
  return backup.publicKeyFile === undefined ? undefined : resolve(folder, backup.publicKeyFile);
}

/** The port of the local GitHub; `COPPICE_GITHUB_PORT`, 4100 by default. */
export function readGithubPort(environment: Environment): number {
  return readPort(environment.COPPICE_GITHUB_PORT, 'COPPICE_GITHUB_PORT') ?? 4100;
}

function readPort(text: string | undefined, variable: string): number | undefined {
  if (text === undefined || text === '') return undefined;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port >= 0 && port <= 65_535) return port;
  throw new ServiceError('settings', `${variable} must be a port number from 0 to 65535, not ${JSON.stringify(text)}.`);
}

const maximumSettingsBytes = 1024 ** 2;

async function readSettingsFile(path: string): Promise<string> {
  try {
    return await readGivenFile(path, maximumSettingsBytes);
  } catch (cause) {
    throw new ServiceError(
      'settings',
      `The settings file ${path} ${sayFileFault(cause)}. Let COPPICE_SETTINGS name a YAML file, or leave it out for the embedded service.`,
    );
  }
}
