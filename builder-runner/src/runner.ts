// The runner: workers take tasks from the queue and see each to its end. This file is the table of contents; the rooms
// do the work.
import type { PublishMode, RepoTerms, Settings, SigningTerms } from '@coppice/config';
import { ShuttingDown } from './base/abort.ts';
import { describeError } from './base/errors.ts';
import type { Log } from './base/log.ts';
import type { RunnerContext } from './context/runner-context.ts';
import type { BuilderPool } from './pool/pool.ts';
import { findInUse, generationsInUse } from './publish/generations-in-use.ts';
import { publishAllEnded } from './publish/publications.ts';
import { removeDue } from './publish/remove-later.ts';
import type { Queue } from './queue/index.ts';
import { nameTask, perform, type Service } from './run/perform.ts';
import { recoverTasks } from './run/recover.ts';
import { persist } from './run/worker-signals.ts';
import { startWorkers, type Work, type WorkerState } from './run/workers.ts';
import { closeAllSigning } from './signing/sign.ts';

export { RunnerError, type RunnerErrorCode, runnerErrorCodes } from './base/errors.ts';
export { isWithheld } from './base/frozen.ts';
export type { Log } from './base/log.ts';
export { watchChanges } from './base/published-changes.ts';
export type { View } from './builder/preface.ts';
export { takePreface } from './builder/take-preface.ts';
export { type DebugSessions, type DebugWish, openDebugSessions } from './debug/debug-sessions.ts';
export { type DebugAccess, type DebugSession, isOver } from './debug/debug-state.ts';
export { readSshKeys } from './debug/ssh-keys.ts';
export { endOfLog, type LogPosition, nextEvent } from './events/event-log.ts';
export { type Events, openEvents } from './events/events.ts';
export { type HookState, type OutgoingHook, startOutgoingWebhooks } from './events/outgoing-webhooks.ts';
export type { Mirror, MirrorState } from './mirror/mirror.ts';
export { openMirror, probeMirror } from './mirror/open-mirror.ts';
export { openPool } from './pool/open-pool.ts';
export type { BuilderPool, PoolState } from './pool/pool.ts';
export { attestationFile, maximumAttestationBytes, maximumKeyBytes } from './provenance/attest.ts';
export { type RpmCheck, type RpmVerification, verifyRpm } from './provenance/verify-rpm.ts';
export { openBuildNumbers } from './publish/build-numbers.ts';
export { generationsInUse } from './publish/generations-in-use.ts';
export { askRotation, type RotationAnswer } from './publish/key-requests.ts';
export { renameOldSandboxes } from './publish/project-life.ts';
export type { ProjectName } from './publish/project-place.ts';
export { type ProjectsPort, runnerProjects } from './publish/projects.ts';
export { type RepositoryProvider, type StatedRepositories, startProviding } from './publish/provide-repositories.ts';
export type { Switched, SwitchOutcome, SwitchRefusal, SwitchWish, Waiting } from './publish/publications.ts';
export type { Publisher } from './publish/publisher.ts';
export { leavingBuilds } from './publish/remove-later.ts';
export { writeSandboxRepoFiles } from './publish/repo-files.ts';
export { type KeyTender, type ProjectKeys, startKeyTending } from './publish/tend-keys.ts';
export type { FurtherFile } from './repodata/repository.ts';
export { shownVersion } from './repodata/shown-version.ts';
export { verifyRepository } from './repodata/verify-repository.ts';
export { type Pruned, type PruneOptions, prune } from './retention/prune.ts';
export { bytesIn as folderBytes } from './retention/prune-repository.ts';
export type { WorkerState } from './run/workers.ts';
export { ensureKey, keyFolder, rotateKey } from './signing/keys.ts';
export { listRemovedKeys } from './signing/removed-keys.ts';

export interface RunnerOptions {
  readonly queue: Queue;
  /** Where builders come from. The runner stops it with itself. */
  readonly pool: BuilderPool;
  readonly settings: Settings;
  /** COPPICE_HOME, absolute. */
  readonly home: string;
  /** Public address of the service, without a slash at the end. */
  readonly url: string;
  /** Local port of the HTTP server that serves `published/`; builders reach it through SSH. */
  readonly controlPort: number;
  /**
   * True for projects that build and publish nothing, as the config says; asked when a task begins and again before it
   * publishes.
   */
  readonly isFrozen?: (owner: string, project: string) => boolean;
  /** When readers see what was built of a project; undefined while that is not known. */
  readonly publishMode?: (owner: string, project: string) => PublishMode | undefined;
  /** What `.repo` files say of a project, for a sandbox what they say of its project. */
  readonly repoTerms?: (owner: string, project: string) => RepoTerms;
  /** Whether a package's version may be lower than the published one without a word about it. */
  readonly allowsDowngrade?: (owner: string, project: string, name: string) => boolean;
  /** Whether a package is stated no more: what it has published gives way to another package of the same name. */
  readonly hasLeft?: (owner: string, project: string, name: string) => boolean;
  /** How the project's keys are made. */
  readonly signing?: (owner: string, project: string) => SigningTerms;
  /** See Publisher. */
  readonly baseOf?: (owner: string, sandbox: string) => string | undefined;
  /** A worker begins to take tasks. */
  readonly onWorker?: (name: string) => void;
  /** A worker died of a fault of the machinery and `exitOnWorker` is set: stop the runner, and start it again. */
  readonly onFatal?: (why: string) => void;
  readonly log: Log;
  readonly now: () => Date;
}

export interface Runner {
  workers(): readonly WorkerState[];
  /** Looks again for what can be done: call it when limits, or what projects say, have changed. */
  wake(): void;
  /**
   * New settings: more or fewer workers and builders from now on. Those that are too many end after their present task.
   */
  resize(settings: Settings): void;
  /**
   * `drain: true` lets running tasks end and takes no new ones. `drain: false` resolves within seconds: builds on
   * builders that outlive the service go on and are taken up at the next start; others are ended and go back to the
   * queue, uncounted. Nothing else is left: no builder and no process.
   */
  stop(options: { readonly drain: boolean }): Promise<void>;
}

const tidyMilliseconds = 60_000;

/**
 * Takes up what an earlier run left, then starts `settings.workers` workers. Rejects only when the queue cannot be
 * written.
 */
export async function startRunner(options: RunnerOptions): Promise<Runner> {
  let { settings } = options;
  const context: RunnerContext = {
    ...options,
    url: options.url.replace(/\/+$/, ''),
    generationsInUse: (repository) => generationsInUse(options.queue.builds(), repository),
    get settings() {
      return settings;
    },
  };
  const ending = new AbortController();
  const service: Service = { context, ending: ending.signal };
  const begun = (await recoverTasks(context)).map(
    ({ task, rest }): Work => ({ name: nameTask(task), run: () => perform(service, task, rest) }),
  );
  const next = async (worker: string, closing: AbortSignal): Promise<Work | undefined> => {
    const task = await persist(context.log, 'the queue cannot be read', closing, () =>
      context.queue.claim(worker),
    ).catch(
      () => undefined, // said already; it is thrown only when this worker is to end
    );
    return task && { name: nameTask(task), run: () => perform(service, task) };
  };
  const onDeath = ({ name, task }: WorkerState, error: unknown) => {
    const why = `${name} died${task === null ? '' : ` of ${task}`}: ${describeError(error)}`;
    context.log('error', why);
    if (settings.exitOnWorker) options.onFatal?.(why);
  };
  const workers = startWorkers(
    { next, queue: context.queue, onWorker: (name) => options.onWorker?.(name), onDeath },
    settings.workers,
    begun,
  );
  const tidy = () =>
    removeDue(context.home, context.now(), { isInUse: findInUse(context) }).catch((error) =>
      context.log('error', `deleted packages cannot be removed: ${describeError(error)}`),
    );
  const publish = () =>
    publishAllEnded(context, () => context.queue.builds()).catch((error) =>
      context.log('error', `what waits to be published cannot be looked for: ${describeError(error)}`),
    );
  // What was built before the service ended.
  let publishing = publish();
  const publishNext = () => {
    publishing = publishing.then(publish);
  };
  const tidying = setInterval(() => {
    publishNext();
    tidy();
  }, tidyMilliseconds).unref();
  return {
    workers: () => workers.states(),
    wake: () => {
      workers.wake();
      publishNext();
    },
    resize: (changed) => {
      settings = changed;
      context.pool.resize(changed);
      workers.resize(changed.workers);
    },
    stop: async ({ drain }) => {
      clearInterval(tidying);
      const stopped = workers.stop();
      if (!drain) ending.abort(new ShuttingDown('the service ends'));
      await Promise.all([stopped, publishing]);
      await Promise.all([context.pool.stop({ keepLeased: !drain }), closeAllSigning(context.home)]);
    },
  };
}
