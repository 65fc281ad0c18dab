// Sends events to other programs: each receiver gets the types that it asked for, in order, signed as GitHub signs, and
// repeated until it accepts them.
import { createHash, createHmac } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type CoppiceEvent, type EventType, parseJsonAs } from '@coppice/config';
import { z } from 'zod';
import type { Log } from '../base/log.ts';
import { readRegularFile, setAside } from '../base/regular-file.ts';
import { replaceFile } from '../base/replace-file.ts';
import { endOfLog, type LogPosition, nextEvent } from './event-log.ts';
import type { Events } from './events.ts';

export interface OutgoingHook {
  readonly url: string;
  readonly secret: string;
  readonly events: readonly EventType[];
}

/** The state of one receiver. Times are ISO 8601 UTC. */
export interface HookState {
  /** Of its address no more than the scheme, the host and the port. */
  readonly host: string;
  /** Tells it from others, also after a restart. */
  readonly key: string;
  /** When it took something last; undefined: not since the start. */
  readonly takenAt: string | undefined;
  /** It has taken nothing for a while. */
  readonly fault: { readonly since: string; readonly message: string } | undefined;
}

export interface OutgoingWebhooks {
  states(): readonly HookState[];
  /** What was not taken yet is sent after the next start. */
  stop(): Promise<void>;
}

type Times = Readonly<Record<keyof typeof usualSeconds, number>>;

export interface OutgoingOptions {
  readonly hooks: readonly OutgoingHook[];
  readonly events: Pick<Events, 'folder' | 'onLines'>;
  /** Private folder, absolute: how far each receiver is. */
  readonly folder: string;
  readonly log: Log;
  readonly now: () => Date;
  /** Seconds; default: those that the documentation tells. */
  readonly times?: Partial<Times>;
  /** Waits before the next try; resolves early when `signal` is aborted. Default: for as long as it says. */
  readonly pause?: (seconds: number, signal: AbortSignal) => Promise<void>;
}

const usualSeconds = {
  /** For an answer. */
  answer: 10,
  /** Before the second try; twice as long before each one after that. */
  firstPause: 1,
  longestPause: 3600,
  /** An event that was not accepted for so long is dropped. */
  giveUp: 86_400,
  /** A receiver that fails for so long is reported as a standing fault. */
  fault: 3600,
} as const;

const progressSchema = z.object({
  file: z.string(),
  offset: z.int().nonnegative(),
  /** When the event at this place was tried first, ISO 8601; null when it was not. */
  triedSince: z.iso.datetime().nullable(),
});
type Progress = z.infer<typeof progressSchema>;

/**
 * Starts a loop for each receiver, so that none waits for another. A receiver that is new gets what happens from now
 * on; one that is not in the settings any more is forgotten. Rejects when the folder cannot be written.
 */
export async function startOutgoingWebhooks(options: OutgoingOptions): Promise<OutgoingWebhooks> {
  const times: Times = { ...usualSeconds, ...options.times };
  await mkdir(options.folder, { recursive: true, mode: 0o700 });
  const known = new Set(options.hooks.map(({ url }) => progressFile(url)));
  for (const name of await readdir(options.folder)) {
    if (!known.has(name)) await rm(join(options.folder, name), { force: true });
  }
  const stopping = new AbortController();
  const pause = options.pause ?? pauseFor;
  const receivers: Receiver[] = options.hooks.map((hook) => ({
    ...{ ...options, times, pause, hook, path: join(options.folder, progressFile(hook.url)), signal: stopping.signal },
    seen: { takenAt: undefined, failure: undefined },
  }));
  const begins = await Promise.all(receivers.map(beginOf));
  const loops = receivers.map((receiver, index) => deliverAll(receiver, begins[index] as Progress));
  return {
    states: () => receivers.map((receiver) => stateOf(receiver, options.now())),
    stop: async () => {
      stopping.abort();
      await Promise.all(loops);
    },
  };
}

/** What is sent. Pure. */
function deliveryOf(event: CoppiceEvent, secret: string): { readonly body: string; readonly headers: Headers } {
  const body = JSON.stringify(event);
  const headers = new Headers({
    'content-type': 'application/json',
    'user-agent': 'Coppice-Hookshot',
    'x-coppice-event': event.type,
    'x-coppice-delivery': event.id,
    'x-coppice-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
  });
  return { body, headers };
}

/** Seconds to wait after so many failures of one event in a row. Pure. */
export function pauseAfter(failures: number, times: Pick<Times, 'firstPause' | 'longestPause'>): number {
  return Math.min(times.longestPause, times.firstPause * 2 ** Math.min(failures - 1, 30));
}

/** What became of the tries since the start. */
interface Seen {
  takenAt: string | undefined;
  failure: { readonly since: string; readonly message: string } | undefined;
}

async function pauseFor(seconds: number, signal: AbortSignal): Promise<void> {
  await sleep(seconds * 1000, undefined, { signal }).catch(() => undefined);
}

interface Receiver extends Omit<OutgoingOptions, 'times' | 'pause'> {
  readonly times: Times;
  readonly pause: (seconds: number, signal: AbortSignal) => Promise<void>;
  readonly hook: OutgoingHook;
  readonly path: string;
  readonly seen: Seen;
  readonly signal: AbortSignal;
}

function stateOf({ hook, seen, times }: Receiver, now: Date): HookState {
  const { failure, takenAt } = seen;
  const stands = failure !== undefined && now.getTime() - Date.parse(failure.since) >= times.fault * 1000;
  const key = progressFile(hook.url).slice(0, 12);
  return { host: hostOf(hook.url), key, takenAt, fault: stands ? failure : undefined };
}

async function deliverAll(receiver: Receiver, begin: Progress): Promise<void> {
  const { events, signal, log, hook } = receiver;
  let progress = begin;
  while (!signal.aborted) {
    // Taken before the look: a line that is written meanwhile is not missed.
    const bell = Promise.withResolvers<void>();
    const forget = events.onLines(() => bell.resolve());
    signal.addEventListener('abort', () => bell.resolve(), { once: true });
    try {
      const found = await nextEvent(events.folder, progress);
      if (found === undefined) {
        await bell.promise;
        continue;
      }
      const { event, after } = found;
      if (event !== undefined && hook.events.includes(event.type)) await deliver(receiver, event, progress);
      if (signal.aborted) return;
      progress = { ...after, triedSince: null };
      await writeProgress(receiver.path, progress);
    } catch (error) {
      log('error', 'A webhook cannot go on for now', { url: hostOf(hook.url), error });
      await receiver.pause(receiver.times.firstPause, signal);
    } finally {
      forget();
    }
  }
}

/** Resolves when the receiver took it, it was given up, or `signal` is aborted. */
async function deliver(receiver: Receiver, event: CoppiceEvent, progress: Progress): Promise<void> {
  const { hook, log, now, signal, times, seen } = receiver;
  const since = progress.triedSince ?? now().toISOString();
  for (let failures = 1; !signal.aborted; failures += 1) {
    const fault = await send(receiver, event);
    if (fault === undefined) {
      if (seen.failure !== undefined) log('info', 'A webhook is taken again', { url: hostOf(hook.url) });
      seen.failure = undefined;
      seen.takenAt = now().toISOString();
      return;
    }
    if (signal.aborted) return;
    seen.failure = { since: seen.failure?.since ?? since, message: fault };
    if (failures === 1) await writeProgress(receiver.path, { ...progress, triedSince: since });
    // A day counts from the event, too: what waited behind a receiver that was away for a day does not wait for another
    // one.
    const age = (now().getTime() - Math.min(Date.parse(since), Date.parse(event.at))) / 1000;
    const told = { url: hostOf(hook.url), event: event.id, fault };
    if (age >= times.giveUp) {
      log('error', 'A webhook was not taken for too long and is not sent any more', told);
      return;
    }
    const seconds = pauseAfter(failures, times);
    log('warn', `A webhook was not taken; it is sent again in ${seconds} s`, told);
    await receiver.pause(seconds, signal);
  }
}

/** Undefined when it was taken, else why not. */
async function send({ hook, times, signal }: Receiver, event: CoppiceEvent): Promise<string | undefined> {
  try {
    const answer = await fetch(hook.url, {
      method: 'POST',
      ...deliveryOf(event, hook.secret),
      // What is signed for one address is for no other one.
      redirect: 'manual',
      signal: AbortSignal.any([signal, AbortSignal.timeout(times.answer * 1000)]),
    });
    await answer.body?.cancel();
    return answer.ok ? undefined : `it answers ${answer.status}`;
  } catch (error) {
    const { message, cause } = error as Error;
    return cause instanceof Error ? `${message}: ${cause.message}` : message;
  }
}

const maximumProgressBytes = 64 * 1024;

async function beginOf({ events, path, hook, log }: Receiver): Promise<Progress> {
  const read = await readRegularFile(path, maximumProgressBytes);
  const known = read?.kind === 'text' ? parseJsonAs(read.text, progressSchema) : read;
  if (known?.kind === 'value') return known.value;
  if (known !== undefined) {
    log('error', `how far ${hostOf(hook.url)} was told is damaged (${known.why}): it is told what happens from now on`);
    await setAside(path);
  }
  const begin = { ...((await endOfLog(events.folder)) satisfies LogPosition), triedSince: null };
  await writeProgress(path, begin);
  return begin;
}

/** On the disk before the next event is sent: half a file would mean that events are left out. */
async function writeProgress(path: string, progress: Progress): Promise<void> {
  await replaceFile(path, JSON.stringify(progress), { sync: true, mode: 0o600 });
}

function progressFile(url: string): string {
  return `${createHash('sha256').update(url).digest('hex').slice(0, 32)}.json`;
}

/** Addresses may hold secrets in their path or query: the log gets the rest. */
function hostOf(url: string): string {
  return new URL(url).origin;
}
