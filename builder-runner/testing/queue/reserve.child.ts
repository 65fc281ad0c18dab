// Fills the disk under a store: `node reserve.child.ts <folder>`, in a mount namespace of its own, prints what happened
// as JSON.
import { execFileSync } from 'node:child_process';
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openJournaledStore } from '../../src/store/store.ts';

const disk = process.argv[2] ?? '';
execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'coppice-test', disk]);
const folder = join(disk, 'store');
const ballast = join(disk, 'ballast');

function fillDisk(): void {
  try {
    writeFileSync(ballast, Buffer.alloc(16 * 1024 ** 2));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOSPC') throw cause;
  }
}

const open = () =>
  openJournaledStore<string[], string>({ folder, initial: () => [], apply: (state, word) => state.push(word) });
const held = () => readdirSync(folder).includes('reserve');
/** More than a page: it does not fit into what is left of the journal's last one. */
const word = 'word'.repeat(10_000);

const store = await open();
const atStart = held();
fillDisk();
const isRefused = await store.commit([word], { takesReserve: false }).then(
  () => false,
  () => held(),
);
let written = 0;
let refusal = '';
while (refusal === '') {
  await store.commit([word]).then(
    () => {
      written += 1;
    },
    (error) => {
      refusal = error.code;
    },
  );
}
const whenFull = held();
// A service that was killed starts on the full disk.
await store.close();
const again = await open();
const kept = again.state.length;
await again.close();
rmSync(ballast);
const roomy = await open();
await roomy.commit(['more']);
const afterwards = held();
fillDisk();
await roomy.close();
// A start on a full disk, where the lock has no block yet.
rmSync(join(folder, 'lock'));
fillDisk();
const started = await open();
const last = started.state.at(-1);
await started.close();
console.log(
  JSON.stringify({
    atStart,
    isRefused,
    wasWritten: written > 10,
    refusal,
    whenFull,
    lost: written - kept,
    afterwards,
    last,
  }),
);
