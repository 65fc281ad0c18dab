// Derives from a build's present state all events so far. Pure: the caller knows which were written already and writes
// the rest.
import { type CoppiceEvent, combineStates, isFinal, published, type QueuedBuild, type Result } from '@coppice/config';

type Of<Type extends CoppiceEvent['type']> = Extract<CoppiceEvent, { type: Type }>;
type EventBuild = Of<'build.start'>['build'];

/** The fields of a chroot's record that describe how it ended. */
export type ChrootRecord = Pick<Result, 'chroot' | 'state' | 'reason' | 'message' | 'attempts' | 'endedAt'>;

/**
 * The events of a build that is or was in the queue, in the order in which they happened, each with the same id
 * whenever it is asked for. An attempt that did not count (the service ended meanwhile) and the one that takes its
 * place are one. `url` is that of the service.
 */
export function eventsOfBuild(build: QueuedBuild, url: string): readonly CoppiceEvent[] {
  const about = aboutBuild(build, url);
  const begins = build.chroots.flatMap(beginOf);
  const ended = build.chroots.filter(({ state }) => isFinal(state));
  if (begins.length === 0 && ended.length === 0) return [];
  const starts = build.chroots.flatMap(({ chroot, attempts, startedAt }): CoppiceEvent[] => {
    if (startedAt === null || attempts === 0) return [];
    const id = `${build.id}-${chroot}-start-${attempts}`;
    return [{ ...head(id, startedAt), type: 'chroot.start', build: about, chroot, attempt: attempts }];
  });
  const records = ended.map(
    (chroot): ChrootRecord => ({ ...chroot, endedAt: chroot.endedAt ?? chroot.phaseStartedAt }),
  );
  const ends = endsOf(about, records);
  const all = ended.length === build.chroots.length ? [buildEnd(about, records)] : [];
  const first = [...begins, ...records.map(({ endedAt }) => endedAt)].sort()[0] as string;
  const start: CoppiceEvent = { ...head(`${build.id}-build-start`, first), type: 'build.start', build: about };
  const between = [...starts, ...ends].sort((one, other) => compare(one.at, other.at));
  return [start, ...between, ...all];
}

/** The ends of a build that has left the queue, as its records tell them; empty when there are none. */
export function endsOfRecords(about: EventBuild, records: readonly ChrootRecord[]): readonly CoppiceEvent[] {
  if (records.length === 0) return [];
  return [...endsOf(about, records), buildEnd(about, records)];
}

export function workerEvent(worker: string, at: string): CoppiceEvent {
  const id = `${worker}-${at.replace(/[^0-9]/g, '')}`;
  return { ...head(id, at), type: 'worker.create', worker };
}

/** When work on it began: phases other than waiting. A chroot that waits for its next attempt had such phases too. */
function beginOf({ phases, phase, phaseStartedAt, startedAt }: QueuedBuild['chroots'][number]): readonly string[] {
  const done = phases.filter(({ name }) => name !== 'queued').map((each) => each.startedAt);
  const present = phase === 'queued' ? [] : [phaseStartedAt];
  return [...done, ...present, ...(startedAt === null ? [] : [startedAt])];
}

function endsOf(about: EventBuild, records: readonly ChrootRecord[]): readonly CoppiceEvent[] {
  return records.map(({ chroot, state, reason, message, attempts, endedAt }) => ({
    ...head(`${about.id}-${chroot}-end`, endedAt),
    ...{ type: 'chroot.end' as const, build: about, chroot, attempts, state, reason, message },
  }));
}

function buildEnd(about: EventBuild, records: readonly ChrootRecord[]): Of<'build.end'> {
  const at = records
    .map(({ endedAt }) => endedAt)
    .sort()
    .at(-1) as string;
  const chroots = records.map(({ chroot, state, reason }) => ({ chroot, state, reason }));
  const state = combineStates(chroots.map((each) => each.state));
  const reason = chroots.find((each) => each.state === state)?.reason ?? null;
  return { ...head(`${about.id}-build-end`, at), type: 'build.end', build: about, state, reason, chroots };
}

function aboutBuild(build: QueuedBuild, url: string): EventBuild {
  const { id, owner, project, requestedBy, request } = build;
  const page = `${url}/${published.buildPage(build)}`;
  return { id, owner, project, package: build.package, requestedBy, request, url: page };
}

function head(id: string, at: string) {
  return { schemaVersion: 1 as const, id, at };
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
