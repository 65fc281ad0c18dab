// What the steps of a build share: where things are, and how a build is told to end.
import type { QueuedBuild } from '@coppice/config';
import type { Driver } from '../builder/spawn.ts';
import type { Publisher } from '../publish/publish.ts';
import type { Queue } from '../queue/index.ts';

/** One line of the service's log. Fields never hold secrets. */
export type Log = (level: 'info' | 'warn' | 'error', message: string, fields?: Record<string, unknown>) => void;

/** Everything that a step needs to know of its service. */
export interface Workshop extends Driver, Publisher {
  readonly queue: Queue;
  /** Local port of the HTTP server that serves `published/`. */
  readonly controlPort: number;
  readonly log: Log;
  readonly now: () => Date;
}

/** Why the work on a task was aborted: somebody canceled the build. */
export class Canceled extends Error {
  override readonly name = 'Canceled';
}

/** Why the work on a task was aborted: the service ends; the task goes back to the queue, uncounted. */
export class ShuttingDown extends Error {
  override readonly name = 'ShuttingDown';
}

/** `acme/tools hello #42`, for log lines. */
export function nameBuild(build: QueuedBuild): string {
  return `${build.owner}/${build.project} ${build.package} #${build.id}`;
}
