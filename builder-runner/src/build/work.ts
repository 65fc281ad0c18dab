// What the steps of a build share: where things are, and how a build is told to end.
import type { PhaseName, QueuedBuild, QueuedChroot } from '@coppice/config';
import type { BuilderPool } from '../builder/pool.ts';
import type { Driver } from '../builder/spawn.ts';
import { describeError } from '../errors.ts';
import type { Publisher } from '../publish/publish.ts';
import type { Queue } from '../queue/index.ts';

/** One line of the service's log. Fields never hold secrets. */
export type Log = (level: 'info' | 'warn' | 'error', message: string, fields?: Record<string, unknown>) => void;

/** Everything that a step needs to know of its service. */
export interface Workshop extends Driver, Publisher {
  readonly queue: Queue;
  readonly pool: BuilderPool;
  /** Local port of the HTTP server that serves `published/`. */
  readonly controlPort: number;
  readonly log: Log;
  readonly now: () => Date;
}

/** One chroot of a build, in a worker's hands. */
export interface ChrootTask {
  readonly shop: Workshop;
  readonly build: QueuedBuild;
  readonly chroot: QueuedChroot;
  readonly signal: AbortSignal;
}

/** Says in the queue which phase begins, and on which builder. A phase that cannot be noted does not stop a build. */
export function enter({ shop, build, chroot }: ChrootTask, phase: PhaseName, builder?: string): void {
  shop.queue
    .setPhase(build.id, chroot.chroot, phase, builder)
    .catch((error) => shop.log('warn', `phase ${phase} was not noted: ${describeError(error)}`));
}

/** Why the work on a task was aborted: somebody canceled the build. */
export class Canceled extends Error {
  override readonly name = 'Canceled';
}

/** Why the work on a task was aborted: the service ends; the task goes back to the queue, uncounted. */
export class ShuttingDown extends Error {
  override readonly name = 'ShuttingDown';
}

/** The work on a task was left where it is, to be taken up at the next start of the service: the task stays claimed. */
export class Left extends Error {
  override readonly name = 'Left';
}

/** `acme/tools hello #42`, for log lines. */
export function nameBuild(build: QueuedBuild): string {
  return `${build.owner}/${build.project} ${build.package} #${build.id}`;
}
