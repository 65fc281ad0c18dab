// At the start: what an earlier run left is ended or taken up, whether it stopped cleanly or not.
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isFinal, published, resultSchema } from '@coppice/config';
import { nameBuild, type Workshop } from './build/work.ts';
import { listBuilders, terminateBuilder } from './builder/spawn.ts';
import { describeError } from './errors.ts';
import type { FinalOutcome } from './queue/index.ts';

/** Gives claimed tasks back, finishes what has its record already, ends builders that belong to nobody, empties the staging folder. */
export async function recoverWorkshop(shop: Workshop): Promise<void> {
  await shop.queue.recover();
  await finishRecorded(shop);
  await rm(join(shop.home, 'state', 'staging'), { recursive: true, force: true });
  await endOrphans(shop);
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
    for (const name of await listBuilders(shop)) {
      await terminateBuilder(shop, name);
      shop.log('warn', `builder ${name} belonged to nobody and was ended`);
    }
  } catch (error) {
    shop.log('error', `left-over builders cannot be ended: ${describeError(error)}`);
  }
}
