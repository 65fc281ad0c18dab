// At the start: finishes or resumes what an earlier run of the service left, whether it stopped cleanly or crashed.
import { isFinal, published, type QueuedBuild, type QueuedChroot } from '@coppice/config';
import { describeError } from '../base/errors.ts';
import type { Rest } from '../chroot-build/build-chroot.ts';
import { needOf } from '../chroot-build/need.ts';
import { clearOtherStaging, readMark } from '../chroot-build/staged.ts';
import { nameBuild, type RunnerContext } from '../context/runner-context.ts';
import { readRecord } from '../publish/read-record.ts';
import type { FinalOutcome, Task } from '../queue/index.ts';
import { endLeftKeyrings } from '../signing/keyring.ts';

/** A chroot that goes on where an earlier run of the service left it, in the same attempt. */
export interface Resumed {
  readonly task: Task;
  readonly rest: Rest;
}

/**
 * Finishes what has its record already, finds the builds that go on, gives back all else that was claimed, ends
 * builders that belong to nobody and agents of gpg, and empties the staging folder of all that nothing goes on from.
 */
export async function recoverTasks(context: RunnerContext): Promise<readonly Resumed[]> {
  await endLeftKeyrings(context.home);
  await finishRecorded(context);
  const claimed = context.queue
    .builds()
    .flatMap((build) => build.chroots.map((chroot) => ({ build, chroot })))
    .filter(({ chroot }) => chroot.state === 'starting' || chroot.state === 'running');
  const found = await Promise.all(claimed.map(({ build, chroot }) => resume(context, build, chroot)));
  const resumed = found.filter((each) => each !== undefined);
  const kept = claimed.filter((_, index) => found[index] !== undefined);
  const names = kept.map(({ build, chroot }) => ({ id: build.id, chroot: chroot.chroot }));
  await context.queue.recover(names);
  await clearOtherStaging(context.home, names);
  await endOrphans(context);
  return resumed;
}

async function resume(context: RunnerContext, build: QueuedBuild, chroot: QueuedChroot): Promise<Resumed | undefined> {
  const task: Task = { kind: 'chroot', build, chroot };
  const name = `${nameBuild(build)} ${chroot.chroot}`;
  const mark = await readMark({ home: context.home, id: build.id, chroot: chroot.chroot });
  if (mark !== undefined) {
    context.log('info', `${name} goes on with what was collected`);
    return { task, rest: { mark } };
  }
  if (chroot.builder === null) return undefined;
  const lease = await context.pool.adopt(chroot.builder, needOf(build, chroot)).catch((error) => {
    context.log('error', `builder ${chroot.builder} of ${name} cannot be taken up: ${describeError(error)}`);
    return undefined;
  });
  if (lease === undefined) return undefined;
  context.log('info', `${name} goes on on ${lease.builder.name}`);
  return { task, rest: { lease } };
}

/**
 * `result.json` is the commit mark: a chroot that has one is done, whatever the queue knows. One that is broken or of
 * another build marks nothing: the chroot is built again, and its record replaces this one.
 */
async function finishRecorded(context: RunnerContext): Promise<void> {
  for (const build of context.queue.builds()) {
    for (const { chroot, state } of build.chroots) {
      if (isFinal(state)) continue;
      const read = await readRecord(context.home, published.chrootBuild(build, chroot));
      if (read === undefined) continue;
      if (read.kind !== 'result') {
        context.log('error', `the record of ${nameBuild(build)} ${chroot} cannot be used: ${read.why}`);
        continue;
      }
      const { reason, message } = read.result;
      if (!isFinal(read.result.state)) continue;
      await context.queue.finish(build.id, chroot, {
        state: read.result.state as FinalOutcome['state'],
        reason,
        message,
      });
      context.log('info', `${nameBuild(build)} ${chroot} had ended before the service did`);
    }
  }
}

async function endOrphans(context: RunnerContext): Promise<void> {
  try {
    await context.pool.reap();
  } catch (error) {
    context.log('error', `left-over builders cannot be ended: ${describeError(error)}`);
  }
}
