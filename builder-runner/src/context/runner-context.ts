// What the steps of a build share: where things are, and how a build is told to end.
import type { ChrootName, PhaseName, QueuedBuild, QueuedChroot } from '@coppice/config';
import { describeError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Driver } from '../builder/spawn.ts';
import type { BuilderPool } from '../pool/pool.ts';
import type { Publisher } from '../publish/publisher.ts';
import type { Queue } from '../queue/index.ts';

/** Everything that a step needs to know of its service. */
export interface RunnerContext extends Driver, Publisher {
  readonly queue: Queue;
  readonly pool: BuilderPool;
  /** Local port of the HTTP server that serves `published/`. */
  readonly controlPort: number;
  readonly log: Log;
  readonly now: () => Date;
}

/** One chroot of a build that a worker is building. */
export interface ChrootTask {
  readonly context: RunnerContext;
  readonly build: QueuedBuild;
  readonly chroot: QueuedChroot;
  readonly signal: AbortSignal;
}

/** Says in the queue which phase begins, and on which builder. A phase that cannot be noted does not stop a build. */
export function enter({ context, build, chroot }: ChrootTask, phase: PhaseName, builder?: string): void {
  context.queue
    .setPhase(build.id, chroot.chroot, phase, builder)
    .catch((error) => context.log('warn', `phase ${phase} was not noted: ${describeError(error)}`));
}

/** How far a chroot of a build is now; undefined when the build has left the queue. */
export function liveChroot(
  { queue }: Pick<RunnerContext, 'queue'>,
  { id }: Pick<QueuedBuild, 'id'>,
  name: ChrootName,
): QueuedChroot | undefined {
  return queue.build(id)?.chroots.find(({ chroot }) => chroot === name);
}

/** `acme/tools hello #42`, for log lines. */
export function nameBuild(build: QueuedBuild): string {
  return `${build.owner}/${build.project} ${build.package} #${build.id}`;
}
