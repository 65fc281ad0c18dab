// What can happen in the queue, and how each operation changes it. Deterministic and without effects: the journal is a
// list of these operations, and running them again gives the same state.
import {
  type BuildId,
  type BuildInput,
  type BuildRequest,
  type BuildState,
  type ChrootName,
  type FailureReason,
  isFinal,
  type PhaseName,
  presentName,
  type QueuedBuild,
  type QueuedChroot,
  type RequestedChroot,
} from '@coppice/config';
import {
  insert,
  liveBuild,
  type QueueChange,
  type QueueState,
  remove,
  replace,
  replaceChroot,
  taskKey,
  wasHelped,
} from './queue-state.ts';
import { isPostponed, isSameBatch, othersMayHelp } from './task.ts';

/** What ends a chroot: one of the final states, why, and one sentence for people when it ended badly. */
export interface Outcome {
  readonly state: BuildState;
  readonly reason: FailureReason | null;
  readonly message: string | null;
}

/** Everything that can happen in the queue. `at` is ISO 8601 UTC. `srpm` as a chroot means the making of the SRPM. */
export type QueueOperation = { readonly at: string } & (
  | { readonly kind: 'enqueue'; readonly requests: readonly BuildRequest[] }
  | {
      readonly kind: 'claim';
      readonly id: BuildId;
      readonly chroot: ChrootName | 'srpm';
      readonly task: 'srpm' | 'chroot' | 'close';
      readonly worker: string;
    }
  | { readonly kind: 'srpmDone'; readonly id: BuildId; readonly file: string }
  | {
      readonly kind: 'phase';
      readonly id: BuildId;
      readonly chroot: ChrootName;
      readonly phase: PhaseName;
      readonly builder?: string;
    }
  | {
      readonly kind: 'pin';
      readonly id: BuildId;
      readonly chroot: ChrootName;
      readonly inputs: readonly BuildInput[];
    }
  | { readonly kind: 'finish'; readonly id: BuildId; readonly chroot: ChrootName; readonly outcome: Outcome }
  | {
      readonly kind: 'release';
      readonly id: BuildId;
      readonly chroot: ChrootName | 'srpm';
      readonly countAttempt: boolean;
    }
  | {
      readonly kind: 'postpone';
      readonly id: BuildId;
      readonly chroot: ChrootName;
      readonly reason: FailureReason;
      readonly message: string;
      /** Absent in journals from before it was kept. */
      readonly excerpt?: readonly string[];
    }
  | { readonly kind: 'cancel'; readonly id: BuildId; readonly by: string; readonly because?: string }
  | { readonly kind: 'reserve'; readonly count: number }
);

/** Applies one operation in place and tells what changed. The queue checks beforehand that it fits. */
export function applyQueueOperation(state: QueueState, operation: QueueOperation): readonly QueueChange[] {
  switch (operation.kind) {
    case 'enqueue':
      return enqueue(state, operation.requests, operation.at);
    case 'claim':
      return [claim(state, operation)];
    case 'srpmDone':
      return [endSrpm(state, operation.id, 'succeeded', operation.file, operation.at)];
    case 'phase':
      return [setPhase(state, operation)];
    case 'pin':
      return [pin(state, operation)];
    case 'finish':
      return finish(state, operation.id, operation.chroot, operation.outcome, operation.at);
    case 'release':
      return [release(state, operation)];
    case 'postpone':
      return postpone(state, operation);
    case 'cancel':
      return [cancel(state, operation)];
    case 'reserve':
      state.lastId += operation.count;
      return [];
  }
}

type OperationOf<Kind extends QueueOperation['kind']> = Extract<QueueOperation, { kind: Kind }>;

function enqueue(state: QueueState, requests: readonly BuildRequest[], at: string): QueueChange[] {
  const first = state.lastId + 1;
  return requests.map((request, index) => {
    const { chroots, after, afterBuilds, ...rest } = request;
    const id = (first + index) as BuildId;
    const needs = [...new Set([...after.map((other) => (first + other) as BuildId), ...afterBuilds])];
    const build: QueuedBuild = {
      id,
      ...rest,
      // The journal may be older than the names of sandboxes.
      project: presentName(request.project),
      builderLabels: request.builderLabels ?? [],
      after: needs,
      requestedAt: at,
      srpm: null,
      srpmState: 'pending',
      chroots: chroots.map((requested) => waitingChroot(state, needs, requested, at)),
    };
    state.lastId = id;
    insert(state, build);
    return { build, gone: false };
  });
}

function waitingChroot(
  state: QueueState,
  needs: readonly BuildId[],
  { chroot, inputDigest, buildroot }: RequestedChroot,
  at: string,
): QueuedChroot {
  let skipBecause: string | null = null;
  for (const id of needs) {
    const needed = state.builds.get(id);
    const there = needed?.chroots.find((other) => other.chroot === chroot);
    if (needed !== undefined && there !== undefined && isFinal(there.state) && there.state !== 'succeeded') {
      skipBecause ??= sayWhySkipped(needed, chroot, there.state);
    }
  }
  return {
    chroot,
    inputDigest,
    buildroot,
    state: 'pending',
    reason: null,
    message: null,
    phase: 'queued',
    phaseStartedAt: at,
    phases: [],
    attempts: 0,
    builder: null,
    startedAt: null,
    endedAt: null,
    cancelRequestedBy: null,
    skipBecause,
  };
}

function sayWhySkipped(needed: QueuedBuild, chroot: ChrootName, state: BuildState): string {
  const ended = state === 'failed' ? 'failed' : `was ${state}`;
  return `It needs ${needed.package}, and build ${needed.id} of ${needed.package} ${ended} for ${chroot}.`;
}

function claim(state: QueueState, { id, chroot, task, at }: OperationOf<'claim'>): QueueChange {
  const build = liveBuild(state, id);
  if (task !== 'close') state.turns.take(build.owner);
  if (chroot === 'srpm') {
    const chroots = build.chroots.map((each) => (each.state === 'pending' ? enterPhase(each, 'srpm', at) : each));
    return replace(state, { ...build, srpmState: 'running', chroots });
  }
  if (task === 'close') {
    state.closing.add(taskKey(id, chroot));
    return replaceChroot(state, build, chroot, (each) => ({ ...each, state: 'starting' }));
  }
  return replaceChroot(state, build, chroot, (each) => ({
    ...each,
    state: 'starting',
    attempts: each.attempts + 1,
    startedAt: at,
  }));
}

/** The SRPM was made (`succeeded`) or is to be made again (`pending`); the chroots wait again. */
function endSrpm(state: QueueState, id: BuildId, srpmState: BuildState, srpm: string | null, at: string): QueueChange {
  const build = liveBuild(state, id);
  const chroots = build.chroots.map((each) => (each.state === 'pending' ? enterPhase(each, 'queued', at) : each));
  return replace(state, { ...build, srpm, srpmState, chroots });
}

const startingPhases: ReadonlySet<PhaseName> = new Set(['queued', 'srpm', 'spawn', 'provision']);

function setPhase(state: QueueState, { id, chroot, phase, builder, at }: OperationOf<'phase'>): QueueChange {
  return replaceChroot(state, liveBuild(state, id), chroot, (each) => ({
    ...enterPhase(each, phase, at),
    state:
      each.state === 'pending' || isFinal(each.state) ? each.state : startingPhases.has(phase) ? 'starting' : 'running',
    builder: builder ?? each.builder,
  }));
}

function pin(state: QueueState, { id, chroot, inputs }: OperationOf<'pin'>): QueueChange {
  return replaceChroot(state, liveBuild(state, id), chroot, (each) => ({ ...each, inputs }));
}

function finish(state: QueueState, id: BuildId, chroot: ChrootName, outcome: Outcome, at: string): QueueChange[] {
  state.closing.delete(taskKey(id, chroot));
  state.helped.delete(taskKey(id, chroot));
  const change = replaceChroot(state, liveBuild(state, id), chroot, (each) => ({
    ...closePhase(each, at),
    ...outcome,
    endedAt: at,
  }));
  const ended = change.build;
  const skipped: QueueChange[] = [];
  for (const dependentId of state.dependents.get(id) ?? []) {
    const dependent = liveBuild(state, dependentId);
    const there = dependent.chroots.find((each) => each.chroot === chroot);
    if (there === undefined || isFinal(there.state)) continue;
    if (outcome.state === 'succeeded' || there.skipBecause !== null) {
      state.ready.add(dependent);
      continue;
    }
    const skipBecause = sayWhySkipped(ended, chroot, outcome.state);
    skipped.push(replaceChroot(state, dependent, chroot, (each) => ({ ...each, skipBecause })));
  }
  if (outcome.state === 'succeeded') helpThoseThatRun(state, ended, chroot);
  const others = [...skipped, ...lookAtPostponed(state, ended, chroot, outcome.state === 'succeeded')];
  if (!ended.chroots.every((each) => isFinal(each.state))) return [change, ...others];
  remove(state, ended);
  return [{ build: ended, gone: true }, ...others];
}

/** What fails now may have looked for its needs before `by` was there. */
function helpThoseThatRun(state: QueueState, by: QueuedBuild, chroot: ChrootName): void {
  for (const [id, { chroots }] of state.running.builds()) {
    if (id !== by.id && chroots.includes(chroot) && isSameBatch(by, liveBuild(state, id))) {
      state.helped.add(taskKey(id, chroot));
    }
  }
}

/**
 * It failed, but may do better when another build of its batch has succeeded, which may have been since it began; its
 * attempt does not count.
 */
function postpone(state: QueueState, operation: OperationOf<'postpone'>): QueueChange[] {
  const { id, chroot, reason, message, excerpt = [], at } = operation;
  const isHelped = wasHelped(state, id, chroot);
  const change = release(state, { kind: 'release', id, chroot, countAttempt: false, at });
  if (isHelped) return [change];
  const put = replaceChroot(state, change.build, chroot, (each) => ({ ...each, reason, message, excerpt }));
  return [put, ...lookAtPostponed(state, put.build, chroot, false)];
}

/**
 * After a chroot of `by` has ended or was put off: those of its batch that were put off before are tried again when it
 * succeeded. Of all that were put off, those that nothing can help any more are given up: their reason stays, and a
 * worker closes them.
 */
function lookAtPostponed(state: QueueState, by: QueuedBuild, chroot: ChrootName, succeeded: boolean): QueueChange[] {
  const changes: QueueChange[] = [];
  for (const id of [...state.postponed]) {
    const build = liveBuild(state, id);
    const there = build.chroots.find((each) => each.chroot === chroot);
    if (there === undefined || !isPostponed(there)) continue;
    if (succeeded && isSameBatch(by, build)) {
      const anew = ({ excerpt: _, ...each }: QueuedChroot) => ({ ...each, reason: null, message: null });
      changes.push(replaceChroot(state, build, chroot, anew));
    } else if (!othersMayHelp(state.builds, build, chroot)) {
      const skipBecause = there.message ?? '';
      // The attempt that is given up on is the one that counts.
      const given = (each: QueuedChroot) => ({ ...each, skipBecause, attempts: each.attempts + 1 });
      changes.push(replaceChroot(state, build, chroot, given));
    }
  }
  return changes;
}

function release(state: QueueState, { id, chroot, countAttempt, at }: OperationOf<'release'>): QueueChange {
  if (chroot === 'srpm') return endSrpm(state, id, 'pending', null, at);
  const wasClosing = state.closing.delete(taskKey(id, chroot));
  state.helped.delete(taskKey(id, chroot));
  return replaceChroot(state, liveBuild(state, id), chroot, ({ inputs: _, ...each }) => ({
    ...enterPhase(each, 'queued', at),
    state: 'pending',
    attempts: countAttempt || wasClosing ? each.attempts : each.attempts - 1,
    builder: null,
    startedAt: null,
  }));
}

function cancel(
  state: QueueState,
  { id, by, because }: Extract<QueueOperation, { readonly kind: 'cancel' }>,
): QueueChange {
  const build = liveBuild(state, id);
  const asked = { cancelRequestedBy: by, ...(because === undefined ? {} : { cancelBecause: because }) };
  const chroots = build.chroots.map((each) =>
    isFinal(each.state) || each.cancelRequestedBy !== null ? each : { ...each, ...asked },
  );
  return replace(state, { ...build, chroots });
}

/** Ends the present phase and begins `phase`; nothing when it is the present one. */
function enterPhase(chroot: QueuedChroot, phase: PhaseName, at: string): QueuedChroot {
  return chroot.phase === phase ? chroot : { ...closePhase(chroot, at), phase, phaseStartedAt: at };
}

function closePhase(chroot: QueuedChroot, at: string): QueuedChroot {
  // The wall clock may have been set back meanwhile.
  const seconds = Math.max(0, (Date.parse(at) - Date.parse(chroot.phaseStartedAt)) / 1000);
  const phase = { name: chroot.phase, startedAt: chroot.phaseStartedAt, seconds };
  return { ...chroot, phases: [...chroot.phases, phase] };
}
