// How the commands speak to a running service: its static JSON, like any reader.
import {
  type BuildSummary,
  buildsJsonSchema,
  projectsJsonSchema,
  published,
  type QueueSnapshot,
  queueSnapshotSchema,
} from '@coppice/config';
import type { z } from 'zod';
import { type Endpoint, readEndpoint } from '../service/endpoint.ts';
import { type Environment, readHome } from '../service/home.ts';
import { ServiceError } from '../vocabulary/errors.ts';

/** The service of this COPPICE_HOME. Throws ServiceError `unreachable` when none has run here. */
export async function findService(environment: Environment): Promise<Endpoint> {
  const home = readHome(environment);
  const endpoint = await readEndpoint(home);
  if (endpoint === undefined) {
    throw new ServiceError(
      'unreachable',
      `No service has run in ${home.folder}. Start one with: npm start (or name its folder in COPPICE_HOME).`,
    );
  }
  const url = statedUrl(environment);
  return url === undefined ? endpoint : { ...endpoint, url };
}

/**
 * Where the results of the service are read: COPPICE_URL is enough, wherever it runs; else the service of this
 * COPPICE_HOME. Throws ServiceError.
 */
export async function findResults(environment: Environment): Promise<string> {
  return statedUrl(environment) ?? (await findService(environment)).url;
}

/** COPPICE_URL, if it says anything. */
function statedUrl({ COPPICE_URL: stated = '' }: Environment): string | undefined {
  if (stated === '') return undefined;
  const address = URL.parse(stated);
  if (address?.protocol !== 'http:' && address?.protocol !== 'https:') {
    const what = 'COPPICE_URL must be the address of a service, such as https://builds.example.org';
    throw new ServiceError('settings', `${what}, not ${JSON.stringify(stated)}.`);
  }
  return stated.replace(/\/+$/, '');
}

/** All builds, newest first, waiting and running ones included. */
export async function fetchBuilds(url: string): Promise<readonly BuildSummary[]> {
  return (await fetchJson(`${url}/${published.buildsJson}`, buildsJsonSchema)).builds;
}

/** The live builds with their phases. */
export async function fetchQueue(url: string): Promise<QueueSnapshot> {
  return await fetchJson(`${url}/${published.queueJson}`, queueSnapshotSchema);
}

/** Projects whose file is gone and that are deleted in a while. */
export async function fetchLeaving(url: string): Promise<readonly LeavingEntry[]> {
  // It is written with the first config in force: before that nobody is leaving.
  const known = await fetchJson(`${url}/${published.projectsJson}`, projectsJsonSchema.optional(), true);
  return (known?.projects ?? []).flatMap(({ owner, name, leaving }) =>
    leaving === null ? [] : [{ project: `${owner}/${name}`, ...leaving }],
  );
}

export interface LeavingEntry {
  /** `owner/name`. */
  readonly project: string;
  /** ISO 8601 UTC. */
  readonly deleteAt: string;
  readonly commit: string;
  readonly by: string;
}

/** `mayLack`: an address that is not there counts as undefined. */
async function fetchJson<T>(address: string, schema: z.ZodType<T>, mayLack = false): Promise<T> {
  let response: Response;
  try {
    response = await fetch(address, { signal: AbortSignal.timeout(10_000) });
  } catch (cause) {
    throw new ServiceError(
      'unreachable',
      `${address} does not answer. Is the service running? Start it with: npm start.`,
      { cause },
    );
  }
  if (mayLack && response.status === 404) return schema.parse(undefined);
  if (!response.ok)
    throw new ServiceError('unreachable', `${address} answered ${response.status} ${response.statusText}.`);
  const parsed = schema.safeParse(await response.json().catch(() => undefined));
  if (parsed.success) return parsed.data;
  throw new ServiceError('unreachable', `${address} is not what a service of Coppice answers. Is the address right?`);
}
