// Starts a runner as a real process and watches it from outside.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { BuildId, BuildRequest, QueuedBuild } from '@coppice/config';
import type { QueueChange } from '../src/queue/index.ts';
import type { TestRunnerOptions } from './start-test-service.ts';

export type RunnerProcessOptions = Pick<TestRunnerOptions, 'home' | 'url' | 'port' | 'settings'>;

export interface RunnerProcess {
  /** What it logged. */
  readonly lines: readonly string[];
  enqueue(requests: readonly BuildRequest[]): Promise<readonly QueuedBuild[]>;
  cancel(id: BuildId): void;
  /** Resolves with the first change of the build for which `fits`, be it one that has come already. */
  until(id: BuildId, fits: (change: QueueChange) => boolean): Promise<QueuedBuild>;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  /** An orderly stop, as at SIGTERM; resolves when it is gone. */
  stop(): Promise<void>;
}

type Message =
  | { readonly kind: 'change'; readonly change: QueueChange }
  | { readonly kind: 'line'; readonly line: string }
  | { readonly kind: 'enqueued'; readonly builds: readonly QueuedBuild[] }
  | { readonly kind: 'ready' };

/** Resolves when the runner has taken up what an earlier one left. */
export async function startRunnerProcess(options: RunnerProcessOptions): Promise<RunnerProcess> {
  const child = fork(join(import.meta.dirname, 'runner.child.ts'), [JSON.stringify(options)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    execArgv: [],
  });
  const changes: QueueChange[] = [];
  const lines: string[] = [];
  const messages = new Set<(message: Message) => void>();
  child.on('message', (message: Message) => {
    if (message.kind === 'change') changes.push(message.change);
    if (message.kind === 'line') lines.push(message.line);
    for (const listen of messages) listen(message);
  });
  const end = new Promise<never>((_, reject) => {
    child.once('exit', (code) => reject(new Error(`the runner ended with ${code}:\n${lines.join('\n')}`)));
  });
  end.catch(() => undefined); // whoever waits for something hears of it
  const wait = <T>(pick: (message: Message) => T | undefined): Promise<T> => {
    const picked = new Promise<T>((resolve) => {
      const listen = (message: Message) => {
        const found = pick(message);
        if (found === undefined) return;
        messages.delete(listen);
        resolve(found);
      };
      messages.add(listen);
    });
    return Promise.race([picked, end]);
  };
  await wait(({ kind }) => (kind === 'ready' ? true : undefined));
  const order = (what: Order) => child.send(what);
  return {
    lines,
    enqueue: (requests) => {
      const enqueued = wait((message) => (message.kind === 'enqueued' ? message.builds : undefined));
      order({ kind: 'enqueue', requests });
      return enqueued;
    },
    cancel: (id) => order({ kind: 'cancel', id }),
    until: async (id, fits) => {
      const isIt = (change: QueueChange) => change.build.id === id && fits(change);
      const before = changes.find(isIt);
      if (before !== undefined) return before.build;
      return wait((message) => (message.kind === 'change' && isIt(message.change) ? message.change.build : undefined));
    },
    kill: () => ended(child, () => child.kill('SIGKILL')),
    stop: () => ended(child, () => order({ kind: 'stop' })),
  };
}

async function ended(child: ChildProcess, act: () => void): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  act();
  await gone;
}

/** What the test says. */
export type Order =
  | { readonly kind: 'enqueue'; readonly requests: readonly BuildRequest[] }
  | { readonly kind: 'cancel'; readonly id: BuildId }
  | { readonly kind: 'stop' };
