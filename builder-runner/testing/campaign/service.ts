// Starts the campaign's service, listens to it, kills it and starts it again.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { BuildRequest } from '@coppice/config';
import type { Said, ServiceOrder } from './service.child.ts';

export interface Service {
  /** Resolves with the numbers, when they are safe; undefined when the service refused (a full disk) or died first. */
  accept(requests: readonly BuildRequest[]): Promise<readonly number[] | undefined>;
  /** Kills it at once and starts another. Resolves with how it ended. */
  killAndStart(): Promise<number | string>;
  /** Ends it in order and starts another. Resolves with how it ended. */
  restart(): Promise<number | string>;
  /** Ends it in order, for good. */
  stop(): Promise<void>;
}

/** Starts it; `hear` gets all that it and its successors say. */
export async function startService(order: ServiceOrder, hear: (said: Said) => void): Promise<Service> {
  let present = await startOne(order, hear);
  const end = async (signal: 'SIGTERM' | 'SIGKILL') => {
    present.child.kill(signal);
    const end = await present.ended;
    if (signal === 'SIGTERM' && end !== 0) throw new Error(`the service ended with ${end} instead of in order`);
    return end;
  };
  return {
    accept: (requests) => present.accept(requests),
    killAndStart: async () => {
      const how = await end('SIGKILL');
      present = await startOne(order, hear);
      return how;
    },
    restart: async () => {
      const how = await end('SIGTERM');
      present = await startOne(order, hear);
      return how;
    },
    stop: async () => void (await end('SIGTERM')),
  };
}

interface OneService {
  readonly child: ChildProcess;
  /** With its exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>;
  accept(requests: readonly BuildRequest[]): Promise<readonly number[] | undefined>;
}

async function startOne(order: ServiceOrder, hear: (said: Said) => void): Promise<OneService> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'service.child.ts'), JSON.stringify(order)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const answers = new Map<number, (ids: readonly number[] | undefined) => void>();
  const ready = Promise.withResolvers<void>();
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => {
    const said = JSON.parse(line) as Said;
    hear(said);
    if ('ready' in said) ready.resolve();
    if ('order' in said) answers.get(said.order)?.('accepted' in said ? said.accepted : undefined);
  });
  child.stdin.on('error', () => undefined); // it was killed: `ended` tells
  const ended = once(child, 'close').then(([code, signal]: (number | string)[]) => {
    ready.reject(new Error(`the service ended with ${code} before it was ready`));
    for (const answer of answers.values()) answer(undefined);
    return code ?? signal ?? 'nothing';
  });
  await ready.promise;
  let orders = 0;
  return {
    child,
    ended,
    accept: (requests) => {
      const mine = orders;
      orders += 1;
      const answer = new Promise<readonly number[] | undefined>((resolve) => answers.set(mine, resolve));
      child.stdin.write(`${JSON.stringify(requests)}\n`);
      return answer;
    },
  };
}
