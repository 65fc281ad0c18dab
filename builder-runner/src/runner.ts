// The runner: workers take tasks from the queue and see each to its end. This file is the table of contents; the rooms do the work.
import { type FailureReason, isFinal, type QueuedBuild, type QueuedChroot, type Settings } from '@coppice/config';
import { buildChroot } from './build/build-chroot.ts';
import { buildSrpm } from './build/build-srpm.ts';
import { type Log, nameBuild, ShuttingDown, type Workshop } from './build/work.ts';
import { describeError, isBuilderFault, RunnerError } from './errors.ts';
import { isFrozen } from './publish/frozen.ts';
import { publishEnding } from './publish/publish.ts';
import { type Ending, frozenEnding } from './publish/record.ts';
import type { Queue, Task } from './queue/index.ts';
import { recoverWorkshop } from './recover.ts';
import { abortOnChange, Bell, persist } from './worker-signals.ts';

export type { Log } from './build/work.ts';
export { RunnerError, type RunnerErrorCode, runnerErrorCodes } from './errors.ts';
export { type ForkOptions, forkProject } from './publish/fork-project.ts';
export { ensureKey, type ProjectKey } from './publish/keys.ts';
export {
  deleteBuild,
  freezeProject,
  type ProjectName,
  removeProject,
  renameProject,
  unfreezeProject,
} from './publish/project-life.ts';
export type { Publisher } from './publish/publish.ts';
export { writeRepoFiles } from './publish/repo-files.ts';

export interface RunnerOptions {
  readonly queue: Queue;
  readonly settings: Settings;
  /** COPPICE_HOME, absolute. */
  readonly home: string;
  /** Public address of the service, without a slash at the end. */
  readonly url: string;
  /** Local port of the HTTP server that serves `published/`; builders reach it through SSH. */
  readonly controlPort: number;
  /** True for projects that build and publish nothing, as the config says; asked when a task begins and again before it publishes. */
  readonly isFrozen?: (owner: string, project: string) => boolean;
  /** The project's `runtimeRepos`, for its `.repo` files. */
  readonly runtimeRepos?: (owner: string, project: string) => readonly string[];
  readonly log: Log;
  readonly now: () => Date;
}

/** What a worker is at, for metrics. */
export interface WorkerState {
  readonly name: string;
  /** `srpm acme/tools hello #42`, or null when it waits. */
  readonly task: string | null;
}

export interface Runner {
  workers(): readonly WorkerState[];
  /** Lets idle workers look again: call it when limits have changed. */
  wake(): void;
  /**
   * `drain: true` lets running tasks end and takes no new ones. `drain: false` ends them within seconds and gives them back to the
   * queue, uncounted. Either way no builder and no process is left when it resolves.
   */
  stop(options: { readonly drain: boolean }): Promise<void>;
}

/** Cleans up what an earlier run left, then starts `settings.workers` workers. Rejects only when the queue cannot be written. */
export async function startRunner(options: RunnerOptions): Promise<Runner> {
  const shop: Workshop = { ...options, url: options.url.replace(/\/+$/, '') };
  await recoverWorkshop(shop);
  const bell = new Bell();
  const stopWaking = shop.queue.onChange(() => bell.ring());
  const closing = new AbortController();
  const ending = new AbortController();
  const tasks = new Map<string, string | null>();
  const workers = Array.from({ length: shop.settings.workers }, (_, index) => {
    const name = `worker-${index + 1}`;
    tasks.set(name, null);
    return work({
      shop,
      bell,
      name,
      closing: closing.signal,
      ending: ending.signal,
      note: (task) => tasks.set(name, task),
    });
  });
  return {
    workers: () => [...tasks].map(([name, task]) => ({ name, task })),
    wake: () => bell.ring(),
    stop: async ({ drain }) => {
      closing.abort();
      if (!drain) ending.abort(new ShuttingDown('the service ends'));
      bell.ring();
      await Promise.all(workers);
      stopWaking();
    },
  };
}

interface Worker {
  readonly shop: Workshop;
  readonly bell: Bell;
  readonly name: string;
  /** Take no more tasks. */
  readonly closing: AbortSignal;
  /** Give the present task back. */
  readonly ending: AbortSignal;
  readonly note: (task: string | null) => void;
}

async function work(worker: Worker): Promise<void> {
  const { shop, bell, name, closing } = worker;
  while (!closing.aborted) {
    const change = bell.next(); // taken before the look: what changes meanwhile is not missed
    const task = await persist(shop.log, 'the queue cannot be read', closing, () => shop.queue.claim(name)).catch(
      () => undefined, // said already; it is thrown only when this worker is to end
    );
    if (task === undefined) {
      if (!closing.aborted) await change;
      continue;
    }
    worker.note(`${task.kind} ${nameBuild(task.build)}`);
    await perform(worker, task);
    worker.note(null);
  }
}

async function perform(worker: Worker, task: Task): Promise<void> {
  const { shop } = worker;
  const watch = abortOnChange(shop.queue, task, worker.ending);
  const afterwards: Promise<void>[] = [];
  try {
    switch (task.kind) {
      case 'srpm':
        await performSrpm(worker, task.build, watch.signal);
        break;
      case 'chroot': {
        const later = (after: Promise<void>) => void afterwards.push(after);
        await performChroot(worker, task.build, task.chroot, watch.signal, later);
        break;
      }
      case 'close':
        await end(worker, task.build, task.chroot, {
          ...nothing(shop),
          state: task.state,
          reason: task.reason,
          message: task.message,
        });
    }
  } catch (error) {
    // Nothing but a fault of ours comes here; the task stays claimed until the next start gives it back.
    shop.log('error', `a task was left: ${describeError(error)}`, { task: `${task.kind} ${nameBuild(task.build)}` });
  } finally {
    watch.stop();
    await Promise.all(afterwards); // its builder is gone before this worker makes another one
  }
}

async function performSrpm(worker: Worker, build: QueuedBuild, signal: AbortSignal): Promise<void> {
  const { shop } = worker;
  try {
    if (await isFrozen(shop, build.owner, build.project)) {
      await failAllChroots(worker, build, frozenEnding(build, shop.now()));
      return;
    }
    const made = await buildSrpm(shop, build, signal);
    if (made.ok) {
      const file = made.value;
      await persist(shop.log, 'the queue cannot be written', worker.ending, () => shop.queue.srpmDone(build.id, file));
      return;
    }
    await failAllChroots(worker, build, { ...nothing(shop), state: 'failed', ...made.failure });
  } catch (error) {
    if (signal.aborted) {
      // Canceled chroots come back as tasks to close; after a shutdown the next start makes the SRPM.
      await persist(shop.log, 'the queue cannot be written', worker.ending, () => release(shop, build, 'srpm'));
      return;
    }
    await failAllChroots(worker, build, infrastructure(shop, error));
  }
}

async function failAllChroots(worker: Worker, build: QueuedBuild, ending: Ending): Promise<void> {
  worker.shop.log('info', `${nameBuild(build)} gets no SRPM: ${ending.message}`);
  for (const chroot of build.chroots.filter(({ state }) => !isFinal(state))) await end(worker, build, chroot, ending);
}

async function performChroot(
  worker: Worker,
  build: QueuedBuild,
  chroot: QueuedChroot,
  signal: AbortSignal,
  later: (after: Promise<void>) => void,
): Promise<void> {
  const { shop } = worker;
  try {
    const frozen = await isFrozen(shop, build.owner, build.project);
    const ending = frozen ? frozenEnding(build, shop.now()) : await buildChroot({ shop, build, chroot, signal, later });
    if (!(await postpone(worker, build, chroot, ending))) await end(worker, build, chroot, ending);
  } catch (error) {
    if (signal.aborted && signal.reason instanceof ShuttingDown) {
      await release(shop, build, chroot.chroot);
    } else if (signal.aborted) {
      await end(worker, build, chroot, { ...nothing(shop), state: 'canceled', message: describeError(signal.reason) });
    } else if (isBuilderFault(error) && chroot.attempts < shop.settings.builders.attempts) {
      shop.log('warn', `${nameBuild(build)} ${chroot.chroot} is tried again: ${describeError(error)}`);
      await persist(shop.log, 'the queue cannot be written', worker.ending, () =>
        shop.queue.release(build.id, chroot.chroot, { countAttempt: true }),
      );
    } else {
      await end(worker, build, chroot, infrastructure(shop, error));
    }
  }
}

/** What it misses may be what another build of its batch is yet to make: true when it is tried again after that one. */
async function postpone(
  worker: Worker,
  build: QueuedBuild,
  { chroot }: QueuedChroot,
  ending: Ending,
): Promise<boolean> {
  const { shop } = worker;
  const { state, reason, message } = ending;
  if (state !== 'failed' || reason !== 'dependencies') return false;
  const isPutOff = await persist(shop.log, 'the queue cannot be written', worker.ending, () =>
    shop.queue.postpone(build.id, chroot, { reason, message: message ?? '' }),
  );
  if (isPutOff) shop.log('info', `${nameBuild(build)} ${chroot} waits for others of its batch: ${message}`);
  return isPutOff;
}

async function release(shop: Workshop, build: QueuedBuild, chroot: QueuedChroot['chroot'] | 'srpm'): Promise<void> {
  await shop.queue.release(build.id, chroot, { countAttempt: false });
}

/** The one place where a chroot ends: its record first, then the queue. A full disk makes it wait, not forget. */
async function end(worker: Worker, build: QueuedBuild, { chroot }: QueuedChroot, ending: Ending): Promise<void> {
  const { shop } = worker;
  const { state, reason, message } = ending;
  await persist(shop.log, `the end of ${nameBuild(build)} cannot be written`, worker.ending, async () => {
    const live = shop.queue.build(build.id);
    const now = live?.chroots.find((each) => each.chroot === chroot);
    if (live === undefined || now === undefined || isFinal(now.state)) return;
    await publishEnding(shop, live, now, ending);
    await shop.queue.finish(build.id, chroot, { state, reason, message });
  });
  shop.log('info', `${nameBuild(build)} ${chroot} ${state}`, { reason, message });
}

function nothing(shop: Workshop): Ending {
  return {
    state: 'failed',
    reason: null,
    message: null,
    excerpt: [],
    engine: null,
    artifacts: [],
    endedAt: shop.now(),
  };
}

function infrastructure(shop: Workshop, error: unknown): Ending {
  shop.log('error', describeError(error), { stack: error instanceof Error ? error.stack : undefined });
  const isSigning = error instanceof RunnerError && (error.code === 'keys' || error.code === 'sign');
  const reason: FailureReason = isSigning ? 'signing' : 'infrastructure';
  return { ...nothing(shop), reason, message: `Not the package's fault: ${describeError(error)}.` };
}
