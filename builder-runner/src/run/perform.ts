// What a worker does with a task. Only here a chroot ends, or another attempt is decided.
import { setTimeout as delay } from 'node:timers/promises';
import { type FailureReason, isFinal, type QueuedBuild, type QueuedChroot } from '@coppice/config';
import { Left, ShuttingDown } from '../base/abort.ts';
import { describeError, isDiskFull, isWorthAnotherTry, RunnerError } from '../base/errors.ts';
import { isFrozen } from '../base/frozen.ts';
import { succeed } from '../base/outcome.ts';
import { describeForPublic } from '../base/public-text.ts';
import { buildChroot, type Rest } from '../chroot-build/build-chroot.ts';
import { clearStaging } from '../chroot-build/staged.ts';
import { nameBuild, type RunnerContext } from '../context/runner-context.ts';
import { publishEnded, tellLater } from '../publish/publications.ts';
import { publishEnding } from '../publish/publish.ts';
import { type Ending, forPublic, frozenEnding } from '../publish/record.ts';
import type { Task } from '../queue/index.ts';
import { buildSrpm } from '../srpm/build-srpm.ts';
import { promoteSrpm } from '../srpm/promote-srpm.ts';
import { abortOnChange, persist } from './worker-signals.ts';

/** The service in which tasks are done. */
export interface Service {
  readonly context: RunnerContext;
  /** Aborted, with ShuttingDown, when tasks have to be given back. */
  readonly ending: AbortSignal;
}

/** `srpm acme/tools hello #42`. */
export function nameTask(task: Task): string {
  return `${task.kind} ${nameBuild(task.build)}`;
}

/**
 * Does a task to its end, or gives it back. `rest` is what an earlier run of the service left of a chroot. Rejects
 * with a fault of ours: then the task was left.
 */
export async function perform(service: Service, task: Task, rest?: Rest): Promise<void> {
  const { context, ending } = service;
  const watch = abortOnChange(context.queue, task, ending);
  try {
    switch (task.kind) {
      case 'srpm':
        await performSrpm(service, task.build, watch.signal);
        break;
      case 'chroot':
        await performChroot(service, task.build, task.chroot, watch.signal, rest);
        break;
      case 'close': {
        const { state, reason, message } = task;
        // Of what was put off, and nothing came to help: what its builder said.
        const excerpt = state === 'failed' ? (task.chroot.excerpt ?? []) : [];
        await end(service, task.build, task.chroot, { ...nothing(context), state, reason, message, excerpt });
      }
    }
  } catch (error) {
    // Only a bug in Coppice gets here; the task stays claimed until the next start resumes it.
    context.log('error', `a task was left: ${describeError(error)}`, { task: nameTask(task) });
    if (!ending.aborted) throw error;
  } finally {
    watch.stop();
  }
}

async function performSrpm(service: Service, build: QueuedBuild, signal: AbortSignal): Promise<void> {
  const { context, ending } = service;
  try {
    if (await isFrozen(context, build.owner, build.project)) {
      await failAllChroots(service, build, frozenEnding(build, context.now()));
      return;
    }
    const promoted = await promoteSrpm(context, build);
    const made = promoted === undefined ? await buildSrpm(context, build, signal) : succeed(promoted);
    if (made.ok) {
      const file = made.value;
      await persist(context.log, 'the queue cannot be written', ending, () => context.queue.srpmDone(build.id, file));
      return;
    }
    await failAllChroots(service, build, { ...nothing(context), state: 'failed', ...made.failure });
  } catch (error) {
    if (signal.aborted) {
      // Canceled chroots come back as tasks to close; after a shutdown the next start makes the SRPM.
      await release(service, build, 'srpm', false);
      return;
    }
    if (isDiskFull(error)) {
      await waitForRoom(service, build, signal, error);
      await release(service, build, 'srpm', false);
      return;
    }
    await failAllChroots(service, build, infrastructure(context, error));
  }
}

async function failAllChroots(service: Service, build: QueuedBuild, ending: Ending): Promise<void> {
  service.context.log('info', `${nameBuild(build)} gets no SRPM: ${ending.message}`);
  for (const chroot of build.chroots.filter(({ state }) => !isFinal(state))) await end(service, build, chroot, ending);
}

async function performChroot(
  service: Service,
  build: QueuedBuild,
  chroot: QueuedChroot,
  signal: AbortSignal,
  rest: Rest | undefined,
): Promise<void> {
  const { context } = service;
  const ending = await endingOf(service, build, chroot, signal, rest);
  if (ending === 'left') return;
  if (ending === 'again' || ending === 'later') await release(service, build, chroot.chroot, ending === 'again');
  else if (!(await postpone(service, build, chroot, ending))) await end(service, build, chroot, ending);
  // Only now: until the end is written down, a crash goes on from what was collected.
  await clearStaging({ home: context.home, id: build.id, chroot: chroot.chroot });
}

const roomSeconds = 10;

/**
 * A full disk is not the build's failure. Logs it, and waits a little before the task is given back without counting
 * the attempt.
 */
async function waitForRoom(
  { context }: Service,
  build: QueuedBuild,
  signal: AbortSignal,
  error: unknown,
): Promise<void> {
  context.log('error', `${nameBuild(build)} waits for room on the disk of this machine: ${describeError(error)}`);
  await delay(roomSeconds * 1000, undefined, { signal }).catch(() => undefined);
}

/**
 * How it ended; `again`: on another builder; `later`: as if nothing had been; `left`: the next start goes on with it.
 */
async function endingOf(
  service: Service,
  build: QueuedBuild,
  chroot: QueuedChroot,
  signal: AbortSignal,
  rest: Rest | undefined,
): Promise<Ending | 'again' | 'later' | 'left'> {
  const { context } = service;
  try {
    const frozen = rest === undefined && (await isFrozen(context, build.owner, build.project));
    return frozen ? frozenEnding(build, context.now()) : await buildChroot({ context, build, chroot, signal }, rest);
  } catch (error) {
    if (error instanceof Left) {
      context.log('info', `${nameBuild(build)} ${chroot.chroot} is left to the next start: ${describeError(error)}`);
      return 'left';
    }
    if (signal.aborted && signal.reason instanceof ShuttingDown) return 'later';
    if (signal.aborted) return { ...nothing(context), state: 'canceled', message: describeError(signal.reason) };
    if (isDiskFull(error)) {
      await waitForRoom(service, build, signal, error);
      return 'later';
    }
    if (isWorthAnotherTry(error) && chroot.attempts < context.settings.builders.attempts) {
      context.log('warn', `${nameBuild(build)} ${chroot.chroot} is tried again: ${describeError(error)}`);
      return 'again';
    }
    return infrastructure(context, error);
  }
}

/** What it misses may be what another build of its batch is yet to make: true when it is tried again after that one. */
async function postpone(
  { context, ending: stopped }: Service,
  build: QueuedBuild,
  { chroot }: QueuedChroot,
  ending: Ending,
): Promise<boolean> {
  const { state, reason, message, excerpt } = forPublic(ending, context.home);
  if (state !== 'failed' || reason !== 'dependencies') return false;
  const isPutOff = await persist(context.log, 'the queue cannot be written', stopped, () =>
    context.queue.postpone(build.id, chroot, { reason, message: message ?? '', excerpt }),
  );
  if (isPutOff) context.log('info', `${nameBuild(build)} ${chroot} waits for others of its batch: ${message}`);
  return isPutOff;
}

async function release(
  { context, ending }: Service,
  build: QueuedBuild,
  chroot: QueuedChroot['chroot'] | 'srpm',
  countAttempt: boolean,
): Promise<void> {
  await persist(context.log, 'the queue cannot be written', ending, () =>
    context.queue.release(build.id, chroot, { countAttempt }),
  );
}

/** The one place where a chroot ends: its record first, then the queue. A full disk makes it wait, not forget. */
async function end(service: Service, build: QueuedBuild, { chroot }: QueuedChroot, how: Ending): Promise<void> {
  const { context } = service;
  const ending = forPublic(how, context.home);
  const { state, reason, message } = ending;
  await persist(context.log, `the end of ${nameBuild(build)} cannot be written`, service.ending, async () => {
    const live = context.queue.build(build.id);
    const now = live?.chroots.find((each) => each.chroot === chroot);
    if (live === undefined || now === undefined || isFinal(now.state)) return;
    await publishEnding(context, live, now, ending);
    await context.queue.finish(build.id, chroot, { state, reason, message });
  });
  context.log('info', `${nameBuild(build)} ${chroot} ${state}`, { reason, message });
  // It may be the last that others of its batch waited for. What fails here is done at the next end, or in a minute.
  await publishEnded(context, build, () => context.queue.builds()).catch((error) => tellLater(context, build, error));
}

function nothing(context: RunnerContext): Ending {
  return {
    state: 'failed',
    reason: null,
    message: null,
    excerpt: [],
    engine: null,
    artifacts: [],
    endedAt: context.now(),
  };
}

function infrastructure(context: RunnerContext, error: unknown): Ending {
  context.log('error', describeError(error), { stack: error instanceof Error ? error.stack : undefined });
  const isSigning = error instanceof RunnerError && (error.code === 'keys' || error.code === 'sign');
  const reason: FailureReason = isSigning ? 'signing' : 'infrastructure';
  return { ...nothing(context), reason, message: `Not the package's fault: ${describeForPublic(error)}.` };
}
