// Fills the disk under a queue: `node disk-full.child.ts <folder>`, in a mount namespace of its own, prints what
// happened as JSON.
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { type Queue, QueueError } from '../../src/queue/index.ts';
import { openQueue } from '../../src/queue/queue.ts';
import { requestForTests } from './request-for-tests.ts';

const disk = process.argv[2] ?? '';
execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'coppice-test', disk]);

const folder = join(disk, 'queue');
const ballast = join(disk, 'ballast');
const faults: string[] = [];
const open = () =>
  openQueue({
    folder,
    now: () => new Date(),
    onFault: ({ code }) => faults.push(code),
    snapshotAfterBytes: 100 * 1024,
  });
/** More than a page, so that no operation fits into what is left of the journal's last one. */
const many = Array.from({ length: 10 }, () => requestForTests());

function fillDisk(): void {
  try {
    writeFileSync(ballast, Buffer.alloc(1024 * 1024));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOSPC') throw cause;
  }
}

/** Enqueues until that fails; the code of the failure. */
async function enqueueUntilRefused(queue: Queue): Promise<string> {
  for (;;) {
    try {
      await queue.enqueue(many);
    } catch (error) {
      return error instanceof QueueError ? error.code : String(error);
    }
  }
}

/** Longer than a page as well. */
const worker = 'worker '.repeat(1000);

/** Claims until that fails; the code of the failure, and whether what the queue holds is what it held before. */
async function claimUntilRefused(queue: Queue): Promise<{ code: string; unchanged: boolean }> {
  for (;;) {
    const before = queue.builds();
    try {
      if ((await queue.claim(worker)) === undefined) return { code: 'nothing left to claim', unchanged: true };
    } catch (error) {
      const unchanged = isDeepStrictEqual(queue.builds(), before);
      return { code: error instanceof QueueError ? error.code : String(error), unchanged };
    }
  }
}

const queue = await open();
await queue.enqueue(many);
fillDisk();
const enqueueCode = await enqueueUntilRefused(queue);
const heldAfterEnqueue = queue.builds().length;
const refused = await claimUntilRefused(queue);
const together = await Promise.allSettled([queue.enqueue(many), queue.enqueue(many), queue.claim(worker)]);
const onDiskEndsWithALine = readFileSync(join(folder, 'journal.jsonl')).at(-1) === 0x0a;
rmSync(ballast);
const numbers = (await queue.enqueue(many)).map(({ id }) => id);
const claimed = await queue.claim(worker);
const snapshotFaults = (await enqueueUntilRefused(queue)) === 'full' ? [...faults] : [];
const before = queue.builds();
await queue.close();
const again = await open();
const same = isDeepStrictEqual(again.builds(), before);
await again.close();

console.log(
  JSON.stringify({
    enqueueCode,
    heldAfterEnqueue,
    refused,
    together: together.map((each) => (each.status === 'rejected' ? each.reason.code : 'done')),
    onDiskEndsWithALine,
    numbersGoOn: numbers[0] === heldAfterEnqueue + 1,
    claimed: claimed?.kind,
    snapshotFaults,
    same,
  }),
);
