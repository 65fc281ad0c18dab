// At the start: what an earlier run left is ended or taken up, whether it stopped cleanly or not.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isFinal, published, type QueuedBuild, type QueuedChroot, resultSchema } from '@coppice/config';
import { describeError } from '../base/errors.ts';
import type { Rest } from '../chroot-build/build-chroot.ts';
import { needOf } from '../chroot-build/need.ts';
import { clearOtherStaging, readMark } from '../chroot-build/staged.ts';
import { nameBuild, type Workshop } from '../context/runner-context.ts';
import { endLeftKeyrings } from '../publish/keys.ts';
import type { FinalOutcome, Task } from '../queue/index.ts';

/** A chroot that goes on where an earlier run of the service left it, in the same attempt. */
export interface Resumed {
  readonly task: Task;
  readonly rest: Rest;
}

/**
 * Finishes what has its record already, finds the builds that go on, gives back all else that was claimed, ends builders that belong to
 * nobody and agents of gpg, and empties the staging folder of all that nothing goes on from.
 */
export async function recoverWorkshop(shop: Workshop): Promise<readonly Resumed[]> {
  await endLeftKeyrings(shop.home);
  await finishRecorded(shop);
  const claimed = shop.queue
    .builds()
    .flatMap((build) => build.chroots.map((chroot) => ({ build, chroot })))
    .filter(({ chroot }) => chroot.state === 'starting' || chroot.state === 'running');
  const found = await Promise.all(claimed.map(({ build, chroot }) => resume(shop, build, chroot)));
  const resumed = found.filter((each) => each !== undefined);
  const kept = claimed.filter((_, index) => found[index] !== undefined);
  const names = kept.map(({ build, chroot }) => ({ id: build.id, chroot: chroot.chroot }));
  await shop.queue.recover(names);
  await clearOtherStaging(shop.home, names);
  await endOrphans(shop);
  return resumed;
}

async function resume(shop: Workshop, build: QueuedBuild, chroot: QueuedChroot): Promise<Resumed | undefined> {
  const task: Task = { kind: 'chroot', build, chroot };
  const name = `${nameBuild(build)} ${chroot.chroot}`;
  const mark = await readMark({ home: shop.home, id: build.id, chroot: chroot.chroot });
  if (mark !== undefined) {
    shop.log('info', `${name} goes on with what was collected`);
    return { task, rest: { mark } };
  }
  if (chroot.builder === null) return undefined;
  const lease = await shop.pool.adopt(chroot.builder, needOf(build, chroot)).catch((error) => {
    shop.log('error', `builder ${chroot.builder} of ${name} cannot be taken up: ${describeError(error)}`);
    return undefined;
  });
  if (lease === undefined) return undefined;
  shop.log('info', `${name} goes on on ${lease.builder.name}`);
  return { task, rest: { lease } };
}

/** `result.json` is the commit mark: a chroot that has one is done, whatever the queue knows. */
async function finishRecorded(shop: Workshop): Promise<void> {
  for (const build of shop.queue.builds()) {
    for (const { chroot, state } of build.chroots) {
      if (isFinal(state)) continue;
      const path = join(shop.home, 'published', published.chrootBuild(build, chroot), 'result.json');
      const text = await readFile(path, 'utf8').catch(() => undefined);
      if (text === undefined) continue;
      const parsed = resultSchema.safeParse(JSON.parse(text));
      if (!parsed.success || parsed.data.id !== build.id || !isFinal(parsed.data.state)) continue;
      const { reason, message } = parsed.data;
      await shop.queue.finish(build.id, chroot, { state: parsed.data.state as FinalOutcome['state'], reason, message });
      shop.log('info', `${nameBuild(build)} ${chroot} had ended before the service did`);
    }
  }
}

async function endOrphans(shop: Workshop): Promise<void> {
  try {
    await shop.pool.reap();
  } catch (error) {
    shop.log('error', `left-over builders cannot be ended: ${describeError(error)}`);
  }
}
