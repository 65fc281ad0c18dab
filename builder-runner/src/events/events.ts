// Writes each change in the queue as a line in `published/events/`, exactly once, even when the service is killed in
// between.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type BuildId, type CoppiceEvent, isFinal, published, type QueuedBuild } from '@coppice/config';
import { describeError } from '../base/errors.ts';
import { frozenResults } from '../base/frozen.ts';
import type { Log } from '../base/log.ts';
import { readRecord } from '../publish/read-record.ts';
import type { Queue } from '../queue/index.ts';
import { type ChrootRecord, endsOfRecords, eventsOfBuild, workerEvent } from './derive-events.ts';
import { eventFiles, eventsFolder, openEventLog, readEvents } from './event-log.ts';

export interface EventsOptions {
  readonly queue: Pick<Queue, 'builds' | 'onChange'>;
  /** COPPICE_HOME, absolute. */
  readonly home: string;
  /** Public address of the service, without a slash at the end. */
  readonly url: string;
  readonly retentionDays: number;
  readonly log: Log;
  readonly now: () => Date;
}

export interface Events {
  /** The folder of the lines. */
  readonly folder: string;
  /** A worker has begun to take tasks. */
  noteWorker(name: string): void;
  /** Calls `listener` after lines were added; returns what ends that. */
  onLines(listener: () => void): () => void;
  /** Resolves when all that is known is written, or the service ends. */
  settled(): Promise<void>;
  /** What could not be written by now is told at the next start. */
  stop(): Promise<void>;
}

const retryMilliseconds = 5000;
/** So many days are looked through for builds that had not ended. */
const rememberedDays = 8;

/**
 * Open it before the runner starts, so that nothing is missed: first it tells what an earlier run of the service knew
 * and did not tell. Rejects when the folder cannot be written.
 */
export async function openEvents(options: EventsOptions): Promise<Events> {
  const { queue, home, log, now } = options;
  const url = options.url.replace(/\/+$/, '');
  const folder = eventsFolder(home);
  const lines = await openEventLog(folder, options.retentionDays, now(), log);
  const told = await readOpenBuilds(folder, queue.builds());
  const listeners = new Set<() => void>();
  const ending = new AbortController();
  let pending: CoppiceEvent[] = [];
  let writing: Promise<void> | undefined;

  const write = async (): Promise<void> => {
    while (pending.length > 0) {
      const batch = pending;
      pending = [];
      try {
        await lines.append(batch, now());
        for (const listener of listeners) listener();
      } catch (error) {
        pending = [...batch, ...pending];
        log('error', `events cannot be written: ${describeError(error)}`);
        if (ending.signal.aborted) return;
        await pause(retryMilliseconds, ending.signal);
      }
    }
  };
  const tell = (events: readonly CoppiceEvent[]): void => {
    if (events.length === 0) return;
    pending.push(...events);
    writing ??= write().finally(() => {
      writing = undefined;
    });
  };
  const tellBuild = (build: QueuedBuild): void => {
    const known = told.get(build.id)?.ids ?? new Set<string>();
    const fresh = eventsOfBuild(build, url).filter(({ id }) => !known.has(id));
    for (const { id } of fresh) known.add(id);
    if (known.size > 0) told.set(build.id, { ids: known });
    if (build.chroots.every(({ state }) => isFinal(state))) ended(build.id);
    tell(fresh);
  };
  /** Phases are told a moment after they have happened: such a change of a build that has ended says nothing new. */
  const gone = new Set<BuildId>();
  const ended = (id: BuildId) => {
    told.delete(id);
    gone.add(id);
    const [oldest] = gone;
    if (gone.size > 1000 && oldest !== undefined) gone.delete(oldest);
  };

  for (const [id, { start }] of told) {
    if (start === undefined || queue.builds().some((build) => build.id === id)) continue;
    const records = await readRecords(home, start.build, log);
    const known = told.get(id)?.ids;
    tell(endsOfRecords(start.build, records).filter((event) => known?.has(event.id) !== true));
    ended(id);
  }
  for (const build of queue.builds()) tellBuild(build);
  const unsubscribe = queue.onChange(({ build }) => {
    if (!gone.has(build.id)) tellBuild(build);
  });
  return {
    folder,
    noteWorker: (name) => tell([workerEvent(name, now().toISOString())]),
    onLines: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    settled: async () => {
      while (writing !== undefined) await writing;
    },
    stop: async () => {
      unsubscribe();
      ending.abort();
      await writing;
    },
  };
}

type Start = Extract<CoppiceEvent, { type: 'build.start' }>;
type Told = Map<BuildId, { readonly ids: Set<string>; readonly start?: Start }>;

/** The events already written of builds whose end is not written yet. */
async function readOpenBuilds(folder: string, live: readonly QueuedBuild[]): Promise<Told> {
  const files = await eventFiles(folder);
  const oldest = live.map(({ requestedAt }) => requestedAt.slice(0, 10)).sort()[0] ?? '9999';
  const recent = files.filter((name, index) => index >= files.length - rememberedDays || name >= oldest);
  const told: Told = new Map();
  for await (const event of readEvents(folder, recent)) {
    if (event.type === 'worker.create') continue;
    const id = event.build.id as BuildId;
    if (event.type === 'build.end') told.delete(id);
    else if (event.type === 'build.start') told.set(id, { ids: new Set([event.id]), start: event });
    else told.get(id)?.ids.add(event.id);
  }
  return told;
}

/** The records of a build that has left the queue: how each of its chroots ended. */
async function readRecords(home: string, build: Start['build'], log: Log): Promise<readonly ChrootRecord[]> {
  const project = published.project(build.owner, build.project);
  const places = [join(home, 'published', project), frozenResults(home, build.owner, build.project)];
  const chroots = new Set((await Promise.all(places.map((place) => readdir(place).catch(() => [])))).flat());
  const records = await Promise.all(
    [...chroots].sort().map(async (chroot) => {
      const place = { ...build, id: build.id as BuildId };
      const folder = published.chrootBuild(place, chroot as Parameters<typeof published.chrootBuild>[1]);
      const read = await readRecord(home, folder);
      if (read?.kind === 'result') return isFinal(read.result.state) ? read.result : undefined;
      if (read !== undefined) log('error', `${folder}/result.json tells no event: ${read.why}`);
      return undefined;
    }),
  );
  return records.filter((record) => record !== undefined);
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener('abort', () => resolve(clearTimeout(timer)), { once: true });
  });
}
