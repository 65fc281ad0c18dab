// The runner of the campaign, as a program that can be killed: `node service.child.ts <JSON of ServiceOrder>`. Takes a
// JSON line for each list of builds to accept, and says, a line each, which numbers they got, which chroots ended, and
// what the log says.
import { writeSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { type BuildRequest, isFinal } from '@coppice/config';
import { openQueue } from '../../src/queue/index.ts';
import { startTestRunner } from '../start-test-service.ts';

/** What the service is told when it starts. */
export interface ServiceOrder {
  readonly home: string;
  readonly url: string;
  readonly port: number;
  readonly settings: unknown;
}

/** One line that it says. */
export type Said =
  | { readonly ready: true }
  | { readonly accepted: readonly number[]; readonly order: number }
  | { readonly refused: string; readonly order: number }
  | { readonly ended: number; readonly chroot: string; readonly state: string; readonly reason: string | null }
  | { readonly level: string; readonly message: string };

const say = (line: Said) => writeSync(1, `${JSON.stringify(line)}\n`);
const { home, url, port, settings } = JSON.parse(process.argv[2] ?? '{}') as ServiceOrder;

const queue = await openQueue({ folder: join(home, 'state', 'queue'), now: () => new Date() });
const ended = new Set<string>();
queue.onChange(({ build }) => {
  for (const { chroot, state, reason } of build.chroots) {
    const key = `${build.id}/${chroot}`;
    if (!isFinal(state) || ended.has(key)) continue;
    ended.add(key);
    say({ ended: build.id, chroot, state, reason });
  }
});
for (const { id, chroots } of queue.builds()) {
  for (const { chroot, state } of chroots) if (isFinal(state)) ended.add(`${id}/${chroot}`);
}
const runner = await startTestRunner({
  ...{ home, url, port, settings, queue },
  log: (level, message) => say({ level, message }),
});

let order = 0;
const orders = createInterface({ input: process.stdin });
orders.on('line', async (line) => {
  const mine = order;
  order += 1;
  try {
    const builds = await queue.enqueue(JSON.parse(line) as BuildRequest[]);
    say({ accepted: builds.map(({ id }) => id), order: mine });
  } catch (error) {
    say({ refused: String(error), order: mine });
  }
});
// Not `once`: execa ends the process on a signal to which nobody listens any more.
process.on('SIGTERM', async () => {
  orders.close();
  await runner.stop({ drain: false });
  await queue.close();
  process.exit(0);
});
say({ ready: true });
