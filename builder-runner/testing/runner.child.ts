// A runner in a process of its own, for tests that kill it. It is told what to do, and tells what happens, in messages.
import { join } from 'node:path';
import { openQueue } from '../src/queue/index.ts';
import type { Runner } from '../src/runner.ts';
import type { Order, RunnerProcessOptions } from './runner-process.ts';
import { startTestRunner } from './start-test-service.ts';

const options = JSON.parse(process.argv[2] ?? '') as RunnerProcessOptions;
const say = (message: object) => process.send?.(message);
process.on('disconnect', () => process.exit(1)); // the test is gone
const queue = await openQueue({ folder: join(options.home, 'state', 'queue'), now: () => new Date() });
queue.onChange((change) => say({ kind: 'change', change }));
for (const build of queue.builds()) say({ kind: 'change', change: { build, gone: false } });
const log = (level: string, message: string, fields?: object) =>
  say({ kind: 'line', line: `${level} ${message} ${JSON.stringify(fields ?? {})}` });
const runner: Runner = await startTestRunner({ ...options, queue, log });
process.on('message', (order: Order) => void obey(order));
say({ kind: 'ready' });

async function obey(order: Order): Promise<void> {
  switch (order.kind) {
    case 'enqueue':
      say({ kind: 'enqueued', builds: await queue.enqueue(order.requests) });
      return;
    case 'cancel':
      await queue.cancel(order.id, 'somebody');
      return;
    case 'stop':
      await runner.stop({ drain: false });
      await queue.close();
      process.exit(0);
  }
}
