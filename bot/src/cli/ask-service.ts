// How the commands speak to a running service: its static JSON, like any reader.
import {
  type BuildSummary,
  buildsJsonSchema,
  projectsJsonSchema,
  published,
  type QueueSnapshot,
  queueSnapshotSchema,
} from '@coppice/config';
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
  return environment.COPPICE_URL === undefined
    ? endpoint
    : { ...endpoint, url: environment.COPPICE_URL.replace(/\/+$/, '') };
}

/** All builds, newest first, waiting and running ones included. */
export async function fetchBuilds(url: string): Promise<readonly BuildSummary[]> {
  return buildsJsonSchema.parse(await fetchJson(`${url}/${published.buildsJson}`)).builds;
}

/** The live builds with their phases. */
export async function fetchQueue(url: string): Promise<QueueSnapshot> {
  return queueSnapshotSchema.parse(await fetchJson(`${url}/${published.queueJson}`));
}

/** Projects whose file is gone and that are deleted in a while. */
export async function fetchLeaving(url: string): Promise<readonly LeavingEntry[]> {
  const { projects } = projectsJsonSchema.parse(await fetchJson(`${url}/${published.projectsJson}`));
  return projects.flatMap(({ owner, name, leaving }) =>
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

async function fetchJson(address: string): Promise<unknown> {
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
  if (!response.ok)
    throw new ServiceError('unreachable', `${address} answered ${response.status} ${response.statusText}.`);
  return await response.json();
}
