// Works a queue until it is killed: `node kill-nine.child.ts <folder> <seed>`. Says each thing it begins and each that
// was acknowledged, a JSON line each, written before it goes on.
import { writeSync } from 'node:fs';
import { openQueue } from '../../src/queue/queue.ts';
import { requestForTests } from './request-for-tests.ts';

const [, , folder = '', seed = '1'] = process.argv;
const say = (what: object) => writeSync(1, `${JSON.stringify(what)}\n`);

let random = Number(seed);
/** 0 ≤ number < 1; the same for the same seed. */
function nextRandom(): number {
  random = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0;
  return random / 2 ** 32;
}

const queue = await openQueue({ folder, now: () => new Date(), snapshotAfterBytes: 16 * 1024 });
await queue.recover();
say({ ready: true });

async function produce(asker: string): Promise<never> {
  for (let count = 1; ; count++) {
    // Enough to work on; a queue that only grows would show less.
    while (queue.builds().length > 40) await new Promise((resolve) => setImmediate(resolve));
    const name = `p${seed}-${asker}${count}`;
    say({ enqueueing: name });
    const [build] = await queue.enqueue([requestForTests({ package: name })]);
    say({ enqueued: name, id: build?.id });
  }
}

async function work(worker: string): Promise<never> {
  for (;;) {
    const task = await queue.claim(worker);
    if (task === undefined) {
      await new Promise((resolve) => setImmediate(resolve));
      continue;
    }
    const { id } = task.build;
    say({ claimed: id, kind: task.kind });
    if (task.kind === 'srpm') {
      say({ ending: id });
      await queue.srpmDone(id, `${id}.src.rpm`);
      say({ srpmDone: id });
    } else if (nextRandom() < 0.5) {
      say({ finishing: id });
      await queue.finish(id, task.chroot.chroot, { state: 'succeeded', reason: null, message: null });
      say({ finished: id });
    } else {
      say({ ending: id });
      await queue.release(id, task.chroot.chroot, { countAttempt: true });
      say({ released: id });
    }
  }
}

await Promise.all([produce('a'), produce('b'), work('a'), work('b')]);
